"""Goals, structure, coverage, capacity, territories, quotas, rules of engagement."""
