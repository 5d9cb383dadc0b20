"""Everybody's quotas are for those who see everyone: a manager is refused them, and sees those of his own people."""

import pytest

from geartrain.kernel.errors import Forbidden, NotFound
from geartrain.services.planning.quotas import workspace_inputs
from tests.services.trying import ANN, BOB, OPS, workspace


def test_a_manager_asks_for_his_own_people_only(tmp_path):
    ws = workspace(tmp_path)
    for stranger in (BOB, ANN):
        with pytest.raises(Forbidden):
            workspace_inputs(ws, stranger, whole=True)
    # Those who see everyone are let through, and this company has no quotas.
    for actor, whole in ((OPS, True), (BOB, False)):
        with pytest.raises(NotFound, match="Nobody carries a quota"):
            workspace_inputs(ws, actor, whole=whole)
