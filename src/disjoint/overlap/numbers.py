"""numpy, without the threads that it begins for matrices.

None is multiplied here, and they spin for a tenth of a second that both servers need. What numpy is told for
it is taken back: this process's variables are looked through as an environment's own.
"""

from __future__ import annotations

import os

_THREADS = "OPENBLAS_NUM_THREADS"
_told = os.environ.get(_THREADS)
os.environ.setdefault(_THREADS, "1")

import numpy as np  # noqa: E402  (it reads the variable as it is loaded)
import numpy.typing as npt  # noqa: E402

if _told is None:
    del os.environ[_THREADS]

__all__ = ["np", "npt"]
