"""What the company measures, and the pages of figures."""
