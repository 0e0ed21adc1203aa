"""Break isolation on purpose, in memory, and demand that the proof sees it."""
