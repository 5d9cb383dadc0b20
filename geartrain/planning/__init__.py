"""Sales planning: structure, capacity, territories, quotas."""
