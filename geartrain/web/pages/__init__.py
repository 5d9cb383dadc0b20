"""The pages, one module each; the folder is the register (see geartrain.web.registry)."""
