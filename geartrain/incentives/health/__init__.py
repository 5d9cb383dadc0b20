"""Comp health: what pay costs, whom it pays for what, how well it is run."""
