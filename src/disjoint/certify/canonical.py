"""The encoding that statements are signed in; it lies below, where the journal reaches it too."""

from disjoint.canonical import canonical, digest_of, strict

__all__ = ["canonical", "digest_of", "strict"]
