"""What is decided and who decided it; one file per noun."""

from geartrain.stores.decisions.models.audit import AuditEvent, AuditHead, record_event
from geartrain.stores.decisions.models.scenario import Scenario, ScenarioOutput, ScenarioRun
from geartrain.stores.decisions.models.token import Token
from geartrain.stores.decisions.models.user import User

__all__ = [
    "AuditEvent",
    "AuditHead",
    "Scenario",
    "ScenarioOutput",
    "ScenarioRun",
    "Token",
    "User",
    "record_event",
]
