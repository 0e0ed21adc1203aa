"""Start the command line: `disjoint`, or `python -m disjoint`.

Kept apart from the command line itself, so that Ctrl-C ends the program in order while it still loads.
"""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command line and end the process with its exit code."""
    try:
        from disjoint.cli.quick import guarded, holds  # noqa: PLC0415  (loading is what may be interrupted)

        if (code := guarded(sys.argv[1:])) is not None:
            sys.exit(code)
        if not holds(sys.argv[1:]):
            from disjoint.cli.main import main as run  # noqa: PLC0415  (as above)

            run()
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
