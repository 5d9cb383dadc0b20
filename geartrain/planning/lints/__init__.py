"""Checks of how the documents of the operating model fit together; each module's `LINT(policies)` gives issues."""
