"""Scenarios: drafts laid over the policies in force, and what every number would be."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse

from geartrain.kernel.errors import GeartrainError, Invalid, NotFound
from geartrain.services.access import Permission
from geartrain.services.changes import scenarios as use
from geartrain.services.changes.backtests import backtest_policy
from geartrain.services.changes.scenario_runs import Comparison, compare_scenarios, latest_run, run_scenario
from geartrain.services.view import parse_day
from geartrain.web.comparisons import exact_table, moved, shown_table
from geartrain.web.exports import exported
from geartrain.web.registry import Group, Page, Route
from geartrain.web.tables import Col, make_table
from geartrain.web.tasks import Task, get_task, start_task
from geartrain.web.trials import MOST_TRIED, changes_table, figures_table


def scenarios(request: Any) -> HttpResponse:
    """Those there are, latest first, and those that can be brought back."""
    found = use.list_scenarios(request.workspace, request.actor)
    rows = [
        {
            "key": s.key,
            "name": s.name,
            "window": f"{s.since} to {s.until}",
            "drafts": len(s.drafts),
            "owner": s.owner,
            "created_at": s.created_at,
        }
        for s in found
    ]
    columns = (
        Col("name", "Scenario", href=lambda r: reverse("scenario", args=[r["key"]])),
        Col("drafts", "Drafts", unit="count"),
        Col("window", "Window, end exclusive"),
        Col("owner", "By"),
        Col("created_at", "Made"),
    )
    empty = "No change is being tried yet. Make a scenario from the YAML of a draft policy."
    table = make_table(request, name="scenarios", columns=columns, rows=rows, caption="Scenarios", empty=empty)
    deleted = use.list_scenarios(request.workspace, request.actor, deleted=True)
    context = {"table": table, "scenarios": found, "deleted": deleted}
    return exported(request, table) or render(request, "pages/scenarios.html", context)


def new_scenario(request: Any) -> HttpResponse:
    """Name it, give the drafts; it is made over the facts as they are."""
    if request.method != "POST":
        return render(request, "pages/scenario_new.html", {"given": {}})
    given = {k: request.POST.get(k, "").strip() for k in ("key", "name", "description", "since", "until")}
    try:
        made = use.create_scenario(
            request.workspace,
            request.actor,
            key=given["key"],
            name=given["name"],
            description=given["description"],
            drafts=_drafts(request),
            since=parse_day(given["since"]) if given["since"] else None,
            until=parse_day(given["until"]) if given["until"] else None,
        )
    except GeartrainError as error:
        messages.error(request, f"{error.message} {error.hint}")
        return render(request, "pages/scenario_new.html", {"given": given}, status=error.status)
    return HttpResponseRedirect(reverse("scenario", args=[made.key]))


def scenario(request: Any, scenario: str) -> HttpResponse:
    """One scenario: its drafts against what holds, and what its last run gave."""
    held, drafts = use.get_scenario(request.workspace, request.actor, key=scenario)
    last = latest_run(request.workspace, request.actor, key=scenario)
    others = [s for s in use.list_scenarios(request.workspace, request.actor) if s.key != scenario]
    context = {"held": held, "drafts": drafts, "last": last, "others": others, "run_again": last is None or last.stale}
    if last is not None:
        if (file := exported(request, exact_table(request, last))) is not None:
            return file
        context |= _shown(request, last)
    return render(request, "pages/scenario.html", context)


def run(request: Any, scenario: str) -> HttpResponse:
    """Run it as a task."""
    ws, actor = request.workspace, request.actor
    held, _ = use.get_scenario(ws, actor, key=scenario)

    def work(task: Task) -> Comparison:
        return run_scenario(ws, actor, key=scenario, progress=task.report)

    task = start_task(actor, f"Running {held.name}", work, page="scenario-task", names=[(held.key, held.name)])
    return HttpResponseRedirect(task.url)


def compare(request: Any) -> HttpResponse:
    """Run several side by side as a task."""
    ws, actor = request.workspace, request.actor
    keys = list(dict.fromkeys(request.POST.getlist("scenario")))[:10]
    names = [(s.key, s.name) for s in (use.get_scenario(ws, actor, key=key)[0] for key in keys)]
    if len(names) < 2:
        messages.error(request, "Choose two scenarios or more to compare.")
        return HttpResponseRedirect(reverse("scenarios"))

    def work(task: Task) -> Comparison:
        return compare_scenarios(ws, actor, keys=keys, progress=task.report)

    task = start_task(actor, "Comparing scenarios", work, page="scenario-task", names=names)
    return HttpResponseRedirect(reverse("scenario-task", args=[task.id]))


def task_page(request: Any, task_id: str) -> HttpResponse:
    """How far it is; then the numbers side by side."""
    task = get_task(request.actor, task_id)
    context: dict[str, Any] = {"task": task}
    if isinstance(task.result, Comparison):
        if (file := exported(request, exact_table(request, task.result))) is not None:
            return file
        context |= _shown(request, task.result) | {"last": task.result}
    return render(request, "pages/scenario_task.html", context)


def draft(request: Any, scenario: str) -> HttpResponse:
    """Add a draft, or put it in the place of an earlier one."""

    def work() -> str:
        given = _drafts(request)
        if not given:
            raise Invalid("There is no draft in the form.", hint="Paste the YAML of a policy, or choose a file.")
        for where, text in given:
            use.set_draft(request.workspace, request.actor, key=scenario, text=text, where=where)
        return "The draft is in. Run the scenario to see what it does."

    return _done(request, work, reverse("scenario", args=[scenario]))


def drop(request: Any, scenario: str) -> HttpResponse:
    """Take a draft out."""
    kind, policy = request.POST.get("kind", ""), request.POST.get("policy", "")

    def work() -> str:
        use.drop_draft(request.workspace, request.actor, key=scenario, kind=kind, policy=policy)
        return f"The draft of {policy.replace('_', ' ')} is out."

    return _done(request, work, reverse("scenario", args=[scenario]))


def delete(request: Any, scenario: str) -> HttpResponse:
    """Put it away; the list offers to bring it back."""
    gone = use.delete_scenario(request.workspace, request.actor, key=scenario)
    messages.info(request, f"'{gone.name}' was deleted. It can be brought back below.")
    return HttpResponseRedirect(reverse("scenarios"))


def restore(request: Any, scenario: str) -> HttpResponse:
    """Bring it back."""
    back = use.restore_scenario(request.workspace, request.actor, key=scenario)
    messages.success(request, f"'{back.name}' is back.")
    return HttpResponseRedirect(reverse("scenario", args=[back.key]))


def backtest(request: Any, scenario: str) -> HttpResponse:
    """What one draft would have decided otherwise within the scenario's window."""
    held, drafts = use.get_scenario(request.workspace, request.actor, key=scenario)
    asked = request.GET.get("kind", "")[:100], request.GET.get("policy", "")[:100]
    found = next((d.policy for d in drafts if (d.policy.kind, d.policy.key) == asked), None)
    if found is None:
        raise NotFound(f"'{scenario}' has no such draft.")
    tried = backtest_policy(
        request.workspace, request.actor, text=found.body, where=found.where, since=held.since, until=held.until,
        as_of=held.as_of, limit=MOST_TRIED,
    )  # fmt: skip
    table = changes_table(request, tried)
    context = {"held": held, "tried": tried, "table": table, "figures": figures_table(request, tried)}
    return exported(request, table) or render(request, "pages/scenario_backtest.html", context)


def _shown(request: Any, found: Comparison) -> dict[str, Any]:
    every = request.GET.get("every") == "1"
    shown = {"table": shown_table(request, found, every=every), "chart": moved(request, found), "every": every}
    return shown | {"same": len(found.rows) - len(found.changed)}


def _drafts(request: Any) -> list[tuple[str, str]]:
    """(name, text) of the drafts in a form: what was pasted and the files."""
    found = [("draft.yaml", text)] if (text := request.POST.get("text", "").replace("\r\n", "\n")).strip() else []
    for file in request.FILES.getlist("files"):
        if file.size > use.LONGEST:
            raise Invalid(f"{file.name} is too long for a policy.", hint="Give the YAML of one policy.")
        try:
            found.append((file.name, file.read().decode("utf-8-sig")))
        except UnicodeDecodeError:
            raise Invalid(f"{file.name} is not UTF-8.", hint="Save it as UTF-8.") from None
    return found


def _done(request: Any, work: Any, where: str) -> HttpResponse:
    try:
        messages.success(request, work())
    except Invalid as error:
        messages.error(request, f"{error.message} {error.hint}")
    return HttpResponseRedirect(where)


POST = ("POST",)
PAGE = Page(
    key="scenarios",
    title="Scenarios",
    path="scenarios/",
    group=Group.definitions,
    icon="funnel",
    order=60,
    permission=Permission.run_scenarios,
    view=scenarios,
    routes=(
        Route("scenarios/new/", new_scenario, "new-scenario", methods=("GET", "HEAD", "POST")),
        Route("scenarios/compare/", compare, "compare-scenarios", methods=POST),
        Route("scenarios/tasks/<str:task_id>/", task_page, "scenario-task"),
        Route("scenarios/<str:scenario>/", scenario, "scenario"),
        Route("scenarios/<str:scenario>/run/", run, "run-scenario", methods=POST),
        Route("scenarios/<str:scenario>/draft/", draft, "scenario-draft", methods=POST),
        Route("scenarios/<str:scenario>/drop/", drop, "drop-scenario-draft", methods=POST),
        Route("scenarios/<str:scenario>/delete/", delete, "delete-scenario", methods=POST),
        Route("scenarios/<str:scenario>/restore/", restore, "restore-scenario", methods=POST),
        Route("scenarios/<str:scenario>/backtest/", backtest, "scenario-backtest"),
    ),
)
