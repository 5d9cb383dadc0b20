"""The six questions about how the company sells that a head of sales must be able to answer, and what answers each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from geartrain.kernel.clock import Cadence
from geartrain.kernel.policy import Policy

REVIEW = "qbr"


def _any(policy: Policy) -> bool:
    return True


def _is_review(policy: Policy) -> bool:
    return isinstance(policy.spec, Cadence) and policy.spec.kind == REVIEW


def _is_other_meeting(policy: Policy) -> bool:
    return isinstance(policy.spec, Cadence) and policy.spec.kind != REVIEW


@dataclass(frozen=True)
class Question:
    """One question.

    Args:
        kinds: The kinds of policy that answer it; one document of each is needed.
        fits: Which policies of those kinds do.
        missing: What to do where nothing answers it.
    """

    key: str
    title: str
    asks: str
    kinds: tuple[str, ...]
    missing: str
    fits: Callable[[Policy], bool] = _any


QUESTIONS = (
    Question(
        "structure_design",
        "Structure design",
        "Which units are there, who leads whom, and how many report to one manager?",
        ("sales_structure",),
        "Write a sales_structure: units, their leads and roles, spans of control.",
    ),
    Question(
        "roles",
        "Roles",
        "What is each role there for, what may it decide, and how is it paid and measured?",
        ("role_charter",),
        "Write a role_charter for every role of the structure.",
    ),
    Question(
        "territory_plan",
        "Territory plan",
        "Who looks after which accounts, by which rule, and how fair is it?",
        ("territory_policy",),
        "Write a territory_policy: who may own what, what is balanced, what stays.",
    ),
    Question(
        "quota_basis",
        "Basis of quota assignment",
        "How does the company's goal become each person's quota?",
        ("quota_policy",),
        "Write a quota_policy: how the goal is handed down, and what limits it.",
    ),
    Question(
        "qbr_process",
        "QBR process",
        "When is a quarter reviewed, by whom, and on which numbers?",
        ("cadence",),
        "Write a cadence of the kind qbr, with its attendees and its pack_template.",
        _is_review,
    ),
    Question(
        "management_cadence",
        "Management cadence",
        "Which meetings run the business between reviews: forecast calls, pipeline reviews, one-to-ones?",
        ("cadence",),
        "Write cadences, e.g. of the kinds forecast_call, pipeline and one_on_one.",
        _is_other_meeting,
    ),
)
# Shown beside the answers: they are what the six stand on.
FOUNDATIONS = ("corporate_goals", "gtm_architecture", "route_to_market", "coverage_model", "rules_of_engagement")
