"""What is decided and who decided it; one file per noun."""

from geartrain.stores.decisions.models.audit import AuditEvent, AuditHead, record_event
from geartrain.stores.decisions.models.commitment import Commitment
from geartrain.stores.decisions.models.forecast import ForecastCall, ForecastFrozen, ForecastLock, ForecastSubmission
from geartrain.stores.decisions.models.outbox import WriteBack
from geartrain.stores.decisions.models.pack import Pack, PackDecision, PackDispute
from geartrain.stores.decisions.models.pay import PayApproval, PayEntry, PayPeriod, PayStatement
from geartrain.stores.decisions.models.pay_desk import ContestAward, PayAdjustment, PayDispute, PlanLetter
from geartrain.stores.decisions.models.policy import Acknowledgement, Approval, Decision, PolicyVersion
from geartrain.stores.decisions.models.scenario import Scenario, ScenarioOutput, ScenarioRun
from geartrain.stores.decisions.models.token import Token
from geartrain.stores.decisions.models.user import User

__all__ = [
    "Acknowledgement",
    "Approval",
    "AuditEvent",
    "AuditHead",
    "Commitment",
    "ContestAward",
    "Decision",
    "ForecastCall",
    "ForecastFrozen",
    "ForecastLock",
    "ForecastSubmission",
    "Pack",
    "PackDecision",
    "PackDispute",
    "PayAdjustment",
    "PayApproval",
    "PayDispute",
    "PayEntry",
    "PayPeriod",
    "PayStatement",
    "PlanLetter",
    "PolicyVersion",
    "Scenario",
    "ScenarioOutput",
    "ScenarioRun",
    "Token",
    "User",
    "WriteBack",
    "record_event",
]
