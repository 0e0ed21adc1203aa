"""The kinds of resource, one folder each. `registry` lists them; importing one address loads no other."""
