"""Certify what was proven, seal what production is, and let no deploy pass without either."""
