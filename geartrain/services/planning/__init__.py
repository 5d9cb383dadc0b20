"""The plan: operating model, capacity, territories, quotas, rules of engagement."""
