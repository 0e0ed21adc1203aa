"""The `web` kind."""
