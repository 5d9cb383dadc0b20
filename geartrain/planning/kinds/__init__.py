"""The kinds of policy of this domain, one file each, declaring `KIND`."""
