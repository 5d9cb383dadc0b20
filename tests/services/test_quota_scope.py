"""Everybody's quotas are for those who see everyone: a manager is refused them, and sees those of his own people."""

import pytest

from geartrain.kernel.errors import Forbidden
from geartrain.services.quotas import workspace_inputs
from tests.services.trying import ANN, BOB, OPS, workspace


def test_a_manager_asks_for_his_own_people_only(tmp_path):
    ws = workspace(tmp_path)
    assert workspace_inputs(ws, OPS, whole=True).visible is None
    with pytest.raises(Forbidden, match="everybody's quotas"):
        workspace_inputs(ws, BOB, whole=True)
    assert workspace_inputs(ws, BOB).visible == {"ann", "bob"}
    with pytest.raises(Forbidden):
        workspace_inputs(ws, ANN)
