"""The `redis` kind."""
