"""The `celery` kind."""
