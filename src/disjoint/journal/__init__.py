"""What happened, in one chain that can be lengthened and not changed."""

from .entry import Entry, Head
from .freeze import WHICH, frozen
from .journal import Journal, open_journal

__all__ = ["WHICH", "Entry", "Head", "Journal", "frozen", "open_journal"]
