"""Run observers and experiments under one deadline; count what is sent; decide nothing."""
