"""The `variables` kind."""
