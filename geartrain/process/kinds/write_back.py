"""What may be written into the sources."""

from geartrain.kernel.policy import Envelope, Kind
from geartrain.process.write_back import WriteBackPolicy

KIND = Kind(
    "write_back", Envelope[WriteBackPolicy], "Which fields may be written back into the CRM, and what needs approval."
)
