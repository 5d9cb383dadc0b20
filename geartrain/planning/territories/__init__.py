"""Territories: who looks after which account, balanced, provably near the best, and explained."""
