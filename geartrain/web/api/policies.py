"""Policies: read, written, reviewed, published, acknowledged."""

from __future__ import annotations

from typing import Annotated, Any

from ninja import Router, Schema
from pydantic import Field, StringConstraints

from geartrain.kernel.policy.template import schema_of, template
from geartrain.services import governance as use
from geartrain.services.policies import LARGEST, known_kind, policy_kinds
from geartrain.web.api.plain import Day, Line, Text, plain

PREFIX = "/policies"
router = Router()
Body = Annotated[str, StringConstraints(max_length=LARGEST, pattern=r"^[^\x00]*$")]
Hash = Annotated[str, StringConstraints(pattern=r"^([0-9a-f]{64})?$")]
Number = Annotated[int, Field(ge=1, le=10_000_000)]


class PolicyOut(Schema):
    """A policy in a list: what is in force, and what is being worked on."""

    kind: str
    key: str
    name: str
    owner: str
    source: str
    version: int
    status: str
    effective_from: str | None
    review_by: str | None
    open_version: int | None
    open_status: str
    sha256: str
    where: str


class KindOut(Schema):
    """A kind of policy."""

    name: str
    doc: str
    governed: bool


class TextIn(Schema):
    """A policy's text."""

    text: Body
    replaces: Hash = Field("", description="hash of the draft it was made from")
    summary: Text = Field("", description="what changes, and why")


class ProposeIn(Schema):
    """Why it is proposed."""

    summary: Text = ""


class VerdictIn(Schema):
    """What is said of a text under review."""

    sha256: Hash = Field("", description="hash of the text that was read")
    comment: Text = ""


class PublishIn(Schema):
    """From when on it holds."""

    effective_from: Day | None = None
    material: bool | None = Field(None, description="whether people acknowledge it anew")


class RetireIn(Schema):
    """Why it ends."""

    reason: Text
    effective_to: Day | None = None


class AckIn(Schema):
    """The text that was read."""

    sha256: Hash


@router.get("", response=list[PolicyOut], summary="The policies in force, being worked on, or retired")
def listed(request: Any, kind: Line = "", status: Line = "") -> Any:
    found = use.list_policies(request.workspace, request.actor, kind=kind or None, status=status or None)
    return [plain(p) for p in found]


@router.get("/kinds", response=list[KindOut], summary="The kinds of policies")
def kinds(request: Any) -> Any:
    return [{"name": k.name, "doc": k.doc, "governed": k.governed} for k in policy_kinds().values()]


@router.get("/kinds/{kind}/schema", summary="The JSON Schema of a kind, and a first text")
def schema(request: Any, kind: Line) -> dict[str, Any]:
    found = known_kind(kind)
    return {"schema": schema_of(found), "template": template(found, "default")}


@router.post("/check", summary="What is wrong or doubtful in a text")
def check(request: Any, asked: TextIn) -> dict[str, Any]:
    issues = use.check_policy(request.workspace, request.actor, text=asked.text)
    return {"issues": [i.as_json() for i in issues]}


@router.get("/to-acknowledge", summary="What the caller has to read and acknowledge")
def to_acknowledge(request: Any) -> list[dict[str, Any]]:
    return [plain(t) for t in use.to_acknowledge(request.workspace, request.actor)]


@router.post("", response={201: dict[str, Any]}, summary="Keep a text as the draft of the policy it names")
def save(request: Any, asked: TextIn) -> Any:
    made = use.save_draft(
        request.workspace, request.actor, text=asked.text, replaces=asked.replaces, summary=asked.summary
    )
    return 201, plain(made)


@router.get("/{kind}/{key}", summary="One policy: its text, where it stands, who approved and acknowledged it")
def one(request: Any, kind: Line, key: Line, version: Number | None = None) -> dict[str, Any]:
    detail = use.get_policy(request.workspace, request.actor, kind=kind, key=key, version=version)
    return plain(use.as_json(detail))


@router.get("/{kind}/{key}/diff", summary="What differs between two versions")
def diff(request: Any, kind: Line, key: Line, old: Number | None = None, new: Number | None = None) -> dict[str, Any]:
    found = use.diff_policies(request.workspace, request.actor, kind=kind, key=key, old=old, new=new)
    return plain(found.as_json())


@router.get("/{kind}/{key}/acknowledgements", summary="Who must acknowledge it, and who has")
def acknowledgements(request: Any, kind: Line, key: Line) -> dict[str, Any]:
    found = use.acknowledgements(request.workspace, request.actor, kind=kind, key=key)
    return plain(found.as_json())


@router.post("/{kind}/{key}/propose", summary="Ask for approval of the open draft")
def propose(request: Any, kind: Line, key: Line, asked: ProposeIn) -> dict[str, Any]:
    return plain(use.propose_policy(request.workspace, request.actor, kind=kind, key=key, summary=asked.summary))


@router.post("/{kind}/{key}/withdraw", summary="Take one's own text back to draft")
def withdraw(request: Any, kind: Line, key: Line) -> dict[str, Any]:
    return plain(use.withdraw_policy(request.workspace, request.actor, kind=kind, key=key))


@router.post("/{kind}/{key}/approve", summary="Say yes to the text under review; never one's own")
def approve(request: Any, kind: Line, key: Line, asked: VerdictIn) -> dict[str, Any]:
    said = {"sha256": asked.sha256, "comment": asked.comment}
    return plain(use.approve_policy(request.workspace, request.actor, kind=kind, key=key, **said))


@router.post("/{kind}/{key}/reject", summary="Send a text under review back, with the reason")
def reject(request: Any, kind: Line, key: Line, asked: VerdictIn) -> dict[str, Any]:
    said = {"sha256": asked.sha256, "reason": asked.comment}
    return plain(use.reject_policy(request.workspace, request.actor, kind=kind, key=key, **said))


@router.post("/{kind}/{key}/publish", summary="Put the approved version in force")
def publish(request: Any, kind: Line, key: Line, asked: PublishIn) -> dict[str, Any]:
    said = {"effective_from": asked.effective_from, "material": asked.material}
    return plain(use.publish_policy(request.workspace, request.actor, kind=kind, key=key, **said))


@router.post("/{kind}/{key}/retire", summary="End the published version")
def retire(request: Any, kind: Line, key: Line, asked: RetireIn) -> dict[str, Any]:
    said = {"reason": asked.reason, "effective_to": asked.effective_to}
    return plain(use.retire_policy(request.workspace, request.actor, kind=kind, key=key, **said))


@router.post("/{kind}/{key}/acknowledge", summary="Say that one has read the published text; an old hash is refused")
def acknowledge(request: Any, kind: Line, key: Line, asked: AckIn) -> dict[str, Any]:
    version = use.acknowledge_policy(request.workspace, request.actor, kind=kind, key=key, sha256=asked.sha256)
    return {"version": version, "sha256": asked.sha256}
