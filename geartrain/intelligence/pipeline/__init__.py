"""The pipeline as it stood at any instant, and what became of it between two."""
