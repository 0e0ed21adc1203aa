"""One module for each framework; each loads its own framework alone, and only when it is asked for."""
