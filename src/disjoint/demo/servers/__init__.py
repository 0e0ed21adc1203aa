"""One module per real server of the embedded world."""
