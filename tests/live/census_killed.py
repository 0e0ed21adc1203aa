"""A process that reads a database's rows for ever, to be killed."""

from __future__ import annotations

import sys

from census_world import everything, side, sieve_for
from postgres_world import target

with side(target(sys.argv[1], sys.argv[2]), careful=sys.argv[2] == "production") as opened:
    print("reading", flush=True)
    while True:
        everything(opened.reader, sieve_for(opened.reader))
