"""What only a cluster can get wrong."""

from __future__ import annotations

from decimal import Decimal

import ibis
import pytest

from geartrain.kernel.errors import Conflict
from geartrain.stores.warehouse import open_warehouse
from tests.engines.rows import load, read, wait_until

pytestmark = [pytest.mark.spark, pytest.mark.xdist_group("spark")]
ANN = {"user_id": "u1", "name": "Ann", "is_active": True, "base_salary": "9" * 34 + ".1234"}


def test_the_workers_of_the_cluster_do_the_work(spark):
    load(spark, {"user": [ANN]})
    with spark.snapshot() as snapshot:
        assert read(snapshot, snapshot.table("user"), "name") == [("Ann",)]
    context = spark.session.sparkContext
    assert context.master.startswith("spark://127.0.0.1:")
    # The driver counts as one; the second worker's may still be starting.
    wait_until(lambda: context._jsc.sc().getExecutorMemoryStatus().size() == 3, "an executor on each worker")


def test_what_cannot_be_is_an_error_and_not_a_missing_value(spark):
    load(spark, {"user": [ANN, ANN | {"user_id": "u2"}]})
    with spark.snapshot() as snapshot:
        users = snapshot.table("user")
        assert read(snapshot, users.filter(users.user_id == "u1"), "base_salary") == [(Decimal(ANN["base_salary"]),)]
        with pytest.raises(Exception, match=r"(?i)overflow|cannot be represented|out of range"):
            snapshot.execute(users.select(n=(users.base_salary * ibis.literal(10**4).cast("decimal(38, 4)"))))


def test_what_is_swept_is_not_what_spark_reads(spark):
    load(spark, {"user": [ANN]})
    with spark.snapshot() as snapshot:
        table = snapshot.table("user")
        for day in range(1, 20):
            load(spark, {"user": [ANN | {"user_id": f"u{day}", "name": "Bob"}, ANN | {"name": f"Ann {day}"}]}, day=day)
        assert read(snapshot, table, "name") == [("Ann",)]
        assert read(snapshot, snapshot.versions("user"), "name") == [("Ann",)]
    with spark.snapshot() as snapshot:
        assert len(read(snapshot, snapshot.versions("user"), "name")) == 39
    assert len(spark._views) == 1


def test_a_process_computes_on_one_cluster(spark, tmp_path):
    with spark.snapshot(), pytest.raises(Conflict, match="computes on spark://"):
        open_warehouse("local[1]", folder=tmp_path).snapshot()
