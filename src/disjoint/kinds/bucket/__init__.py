"""The `bucket` kind."""
