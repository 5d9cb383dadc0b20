"""How the kinds of policy the kernel itself knows decide, one file each, declaring `DECIDER`."""
