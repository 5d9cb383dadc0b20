"""One module per record type, each declaring `RECORD`."""
