from datetime import date

import pytest

from geartrain.kernel.clock.business import BusinessCalendar, Holiday
from tests.kernel.clock.cast import OFFICE


@pytest.fixture
def berlin():
    return BusinessCalendar(
        zone="Europe/Berlin",
        hours=OFFICE,
        holidays=(
            Holiday(day=date(2026, 12, 25), name="Christmas"),
            Holiday(day=date(2026, 12, 24), name="Christmas Eve", hours=("09:00-12:00",)),
        ),
    )
