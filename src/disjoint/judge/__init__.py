"""Turn facts into findings, and findings into a verdict. Pure."""
