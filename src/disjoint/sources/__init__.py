"""Where an environment's variables come from."""
