"""Every error a caller can act on: one root, one class per thing to do about it."""

from __future__ import annotations


class DisjointError(Exception):
    """The root. Its text is safe to print: it never holds a secret."""


class UsageError(DisjointError):
    """The command was called with something it cannot use: change the call (exit 2)."""


class SourceError(UsageError):
    """A source of variables cannot be read: fix the file that the message names (exit 2)."""


class ManifestError(UsageError):
    """The manifest says something it must not: fix the line that the message names (exit 2)."""


class WriteError(DisjointError):
    """A result could not be written: free the place that the message names (exit 4)."""


class DemoError(DisjointError):
    """The embedded world could not be built: the message names the part and its log (exit 70)."""


class TamperedError(DisjointError):
    """A signed file is not as it was signed: find out who changed it (exit 1)."""


class BarredError(DisjointError):
    """Production was met, or a freeze stands: go no further before that is mended (exit 1)."""


class UnprovenError(DisjointError):
    """Nothing may be concluded, for the reason that the message gives: mend it and run again (exit 3)."""
