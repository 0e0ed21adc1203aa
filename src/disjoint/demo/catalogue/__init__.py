"""The catalogue of leaks: worlds that are broken on purpose, and worlds that only look broken."""
