"""Compare what two sides hold without seeing it: keyed digests, a bound on what a sample misses, controls."""

import os

# no matrix is multiplied here; without a word numpy begins a thread a core for them, which spins for a
# tenth of a second that both servers need
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
