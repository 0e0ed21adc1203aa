"""Prove that a staging environment touches no production data and no production resource."""

__version__ = "0.1.0"
