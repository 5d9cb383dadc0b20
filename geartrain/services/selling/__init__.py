"""The sales process as it is lived: stages, leads, quotes, contracts, tools."""
