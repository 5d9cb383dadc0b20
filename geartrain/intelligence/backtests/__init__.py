"""How the kinds of policy of this domain decide, one file each, declaring `DECIDER`."""
