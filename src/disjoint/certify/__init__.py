"""Sign what was found, and refuse what was changed, is stale or belongs to another run."""
