"""The `postgres` kind."""
