import pytest

from geartrain.kernel.errors import Conflict, Forbidden, Invalid, NotFound
from geartrain.services import people
from geartrain.services.access import Actor, Permission, Role, operator
from geartrain.services.workspace import init_workspace

GOOD = "three-unrelated-words"


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    return init_workspace(tmp_path_factory.mktemp("people") / "w")


@pytest.fixture
def ws(home):
    for person in people.list_users(home, operator()):
        if person.email != "root@example.com":
            people._user(home, person.email).delete()
    if not people.list_users(home, operator()):
        add(home, "root@example.com", Role.admin)
    return home


def add(ws, email, *roles, **more):
    return people.create_user(ws, operator(), email=email, password=GOOD, roles=roles, **more)


def events(ws):
    people.list_users(ws, operator())
    from geartrain.stores.decisions.models import AuditEvent

    return list(AuditEvent.objects.all())


def test_adds_somebody_with_one_event_and_no_secret_in_it(ws):
    before = len(events(ws))
    person = add(ws, " Ann@Example.COM ", Role.seller, name="Ann", user_id="ann")
    assert (person.email, person.roles, person.user_id, person.is_active) == (
        "ann@example.com",
        (Role.seller,),
        "ann",
        True,
    )
    trail = events(ws)
    assert len(trail) == before + 1
    assert (trail[-1].verb, trail[-1].subject, trail[-1].actor) == ("create_user", "user/ann@example.com", "operator")
    assert GOOD not in str(trail[-1].detail)


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"email": "root@EXAMPLE.com"}, Conflict),
        ({"email": "nonsense"}, Invalid),
        ({"email": "x" * 300 + "@example.com"}, Invalid),
        ({"roles": ["emperor"]}, Invalid),
        ({"password": "short"}, Invalid),
        ({"password": "password123"}, Invalid),
    ],
)
def test_refuses_and_records_nothing(ws, change, error):
    before = len(events(ws))
    with pytest.raises(error):
        people.create_user(ws, operator(), **({"email": "new@example.com", "password": GOOD} | change))
    assert len(events(ws)) == before
    assert len(people.list_users(ws, operator())) == 1


def test_two_people_are_not_one_record(ws):
    add(ws, "a@example.com", user_id="same")
    with pytest.raises(Conflict):
        add(ws, "b@example.com", user_id="same")


def test_somebody_can_always_administer(ws):
    with pytest.raises(Conflict):
        people.set_roles(ws, operator(), email="root@example.com", roles=[Role.seller])
    with pytest.raises(Conflict):
        people.deactivate(ws, operator(), email="root@example.com")
    assert people.actor_of(ws, "root@example.com").roles == {Role.admin}


@pytest.mark.parametrize("role", [r for r in Role if r is not Role.admin])
def test_only_administrators_touch_others(ws, role):
    add(ws, "ann@example.com", role)
    ann = people.actor_of(ws, "ann@example.com")
    for deed in (
        lambda: people.list_users(ws, ann),
        lambda: people.create_user(ws, ann, email="x@example.com", password=GOOD),
        lambda: people.set_roles(ws, ann, email="ann@example.com", roles=["admin"]),
        lambda: people.deactivate(ws, ann, email="root@example.com"),
        lambda: people.set_password(ws, ann, email="root@example.com", password=GOOD),
    ):
        with pytest.raises(Forbidden):
            deed()


def test_a_token_may_no_more_than_its_person(ws):
    add(ws, "ann@example.com", Role.seller)
    ann = people.actor_of(ws, "ann@example.com")
    with pytest.raises(Forbidden):
        people.create_token(ws, ann, name="t", permissions=[Permission.manage_users])
    key, _ = people.create_token(ws, ann, name="t", permissions=["view_records", "export"])
    found = people.actor_by_token(ws, key)
    assert found is not None
    assert found.may(Permission.export)
    assert not found.may(Permission.view_metrics)
    people.set_roles(ws, operator(), email="ann@example.com", roles=[])
    assert not people.actor_by_token(ws, key).may(Permission.export)
    with pytest.raises(Forbidden):
        people.change_password(ws, found, old=GOOD, new=GOOD + "1")


@pytest.mark.parametrize(
    "change", [{"name": " "}, {"permissions": []}, {"permissions": ["x"]}, {"days": 0}, {"days": 999}]
)
def test_a_token_is_made_well_or_not_at_all(ws, change):
    add(ws, "ann@example.com", Role.seller)
    ann = people.actor_of(ws, "ann@example.com")
    with pytest.raises(Invalid):
        people.create_token(ws, ann, **({"name": "t", "permissions": ["export"], "days": 1} | change))
    assert people.list_tokens(ws, ann) == []


def test_who_is_unknown_or_kept_out_is_nobody(ws):
    add(ws, "ann@example.com", Role.seller)
    people.deactivate(ws, operator(), email="ann@example.com")
    for login in ("ann@example.com", "none@example.com"):
        with pytest.raises(NotFound):
            people.actor_of(ws, login)
    assert people.actor_by_token(ws, "gt_none") is None


def test_an_unknown_role_of_a_newer_version_grants_nothing(ws):
    add(ws, "ann@example.com", Role.seller)
    user = people._user(ws, "ann@example.com")
    user.roles = ["seller", "galactic_overlord"]
    assert people.actor_from(user) == Actor("ann@example.com", frozenset({Role.seller}), None, "")
