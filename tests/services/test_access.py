import pytest

from geartrain.kernel.errors import Forbidden
from geartrain.services.access import GRANTS, Actor, Permission, Role, operator, require


def actor(*roles):
    return Actor("ann@example.test", frozenset(roles), "ann", "Ann")


def test_every_role_is_granted_something_and_only_the_admin_everything():
    assert set(GRANTS) == set(Role)
    assert [r for r in Role if GRANTS[r] == frozenset(Permission)] == [Role.admin]


@pytest.mark.parametrize("permission", [Permission.load_facts, Permission.manage_users, Permission.view_costs])
def test_a_seller_is_refused_by_name(permission):
    with pytest.raises(Forbidden, match="Ann may not"):
        require(actor(Role.seller), permission)


def test_two_hats_add_up():
    both = actor(Role.seller, Role.finance)
    assert both.may(Permission.view_pay)
    assert both.sees_everyone
    assert not actor(Role.manager).sees_everyone


def test_no_role_may_nothing():
    assert not any(actor().may(p) for p in Permission)


def test_the_operator_holds_the_files_and_may_everything():
    assert all(operator().may(p) for p in Permission)
