"""The app `"disjoint.guard.django"`, as INSTALLED_APPS names it."""
