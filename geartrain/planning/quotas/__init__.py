"""Quotas: a goal handed down the hierarchy to the cent, edited by laws, and checked."""
