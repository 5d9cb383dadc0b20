"""The kinds of policy the kernel itself knows, one file each, declaring `KIND`. Domains have a folder like this one."""
