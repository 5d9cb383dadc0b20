"""Time that counts: business calendars, terms, commitments and cadences. Nothing here knows what time it is."""
