"""Incentives: from a plan as text to what everybody is paid, each cent traced to deal × rule × tier."""
