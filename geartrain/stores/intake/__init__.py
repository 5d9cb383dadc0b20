"""From a source's own files to staged records: read, map, cast, check; every row read is accounted for."""
