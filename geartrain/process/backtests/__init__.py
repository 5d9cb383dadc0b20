"""Kinds of policy of this domain whose decisions can be replayed, one file each, declaring `DECIDER`."""
