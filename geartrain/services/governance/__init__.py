"""The register of policies: from draft to published to retired, who approved, who acknowledged, what was decided."""

from geartrain.services.governance.acknowledging import (
    Acknowledged,
    Acknowledgements,
    ToAcknowledge,
    acknowledge_policy,
    acknowledgements,
    to_acknowledge,
)
from geartrain.services.governance.checking import check_policy
from geartrain.services.governance.comparing import ChangedValue, PolicyDiff, compare_texts, diff_policies
from geartrain.services.governance.deciding import (
    Recorded,
    decision_by,
    decisions_about,
    record_decision,
    record_decisions,
)
from geartrain.services.governance.exporting import export_policies
from geartrain.services.governance.moving import (
    approve_policy,
    propose_policy,
    publish_policy,
    reject_policy,
    retire_policy,
    save_draft,
    withdraw_policy,
)
from geartrain.services.governance.reading import (
    ApprovalInfo,
    PolicyDetail,
    PolicyRow,
    as_json,
    get_policy,
    list_policies,
    published_set,
)
from geartrain.services.governance.rows import VersionInfo
from geartrain.services.governance.verifying import verify_policies

__all__ = [
    "Acknowledged",
    "Acknowledgements",
    "ApprovalInfo",
    "ChangedValue",
    "PolicyDetail",
    "PolicyDiff",
    "PolicyRow",
    "Recorded",
    "ToAcknowledge",
    "VersionInfo",
    "acknowledge_policy",
    "acknowledgements",
    "approve_policy",
    "as_json",
    "check_policy",
    "compare_texts",
    "decision_by",
    "decisions_about",
    "diff_policies",
    "export_policies",
    "get_policy",
    "list_policies",
    "propose_policy",
    "publish_policy",
    "published_set",
    "record_decision",
    "record_decisions",
    "reject_policy",
    "retire_policy",
    "save_draft",
    "to_acknowledge",
    "verify_policies",
    "withdraw_policy",
]
