"""Checks of how goals and metrics fit together; each module's `LINT(policies)` gives issues."""
