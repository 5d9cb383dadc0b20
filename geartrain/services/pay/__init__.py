"""Pay: plans, runs, statements, and what finance takes away."""
