"""The rules of the inspection list, one file each, declaring `RULE`."""
