"""What will be booked in a period, as a distribution, and how wrong such forecasts were before."""
