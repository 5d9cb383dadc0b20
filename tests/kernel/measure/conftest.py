from collections.abc import Callable
from functools import partial
from typing import Any

import ibis
import pytest

from tests.kernel.measure.memory import make_source


@pytest.fixture(scope="session")
def con() -> Any:
    return ibis.duckdb.connect()


@pytest.fixture
def source(con: Any) -> Callable[..., Any]:
    """Makes a source out of rows as a file would hold them."""
    return partial(make_source, con)
