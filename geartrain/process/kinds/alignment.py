"""What one function hands to another."""

from geartrain.kernel.policy import Envelope, Kind
from geartrain.process.alignment_policy import AlignmentPolicy

KIND = Kind(
    "alignment",
    Envelope[AlignmentPolicy],
    "What marketing, sales and customer success hand to each other, and what each owes the other for it.",
)
