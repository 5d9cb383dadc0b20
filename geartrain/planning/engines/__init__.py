"""The engines of this domain that scenarios run, one file each, declaring `ENGINE`."""
