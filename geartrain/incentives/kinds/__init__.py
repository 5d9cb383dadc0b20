"""The kinds of policy of incentives, one file each, declaring `KIND`."""
