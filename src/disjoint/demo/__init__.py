"""Two embedded environments on real servers, and the catalogue of ways to break them."""
