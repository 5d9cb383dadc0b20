"""The sales process."""

from geartrain.kernel.policy import Envelope, Kind
from geartrain.process.sales_process import SalesProcess

KIND = Kind(
    "sales_process",
    Envelope[SalesProcess],
    "The stages every deal goes through, and what has to be true before it leaves each of them.",
)
