"""Capacity: what a team can carry month by month, whom to hire by when, and how sure that is."""
