"""Who approves which discounts and terms."""

from geartrain.kernel.policy import Envelope, Kind
from geartrain.process.approval import ApprovalMatrix

KIND = Kind(
    "approval_matrix", Envelope[ApprovalMatrix], "Who must approve which discounts, margins and terms of a quote."
)
