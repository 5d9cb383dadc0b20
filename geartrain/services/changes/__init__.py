"""Changes tried before they are made: backtests and scenarios."""
