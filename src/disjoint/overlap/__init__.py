"""Compare what two sides hold without seeing it: keyed digests, a bound on what a sample misses, controls."""
