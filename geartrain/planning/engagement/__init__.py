"""Rules of engagement at work: what the clauses leave open, and who owns what they say is somebody else's."""
