"""Tables worked out from the records, shared by the domains, one module each.

A module declares `VIEW` (its grain, key and columns, like a record type) and
`build(tables, *, as_of, calendar, policies)`, which gives the table as it stood at the end of the day `as_of`.
`tables` gives the records whole: what happened after that day is cut off here, never counted.
"""
