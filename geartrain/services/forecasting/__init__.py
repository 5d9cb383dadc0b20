"""The pipeline as it was and the forecast as it will be."""
