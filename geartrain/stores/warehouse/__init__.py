"""Facts and computed results, on the engine that a URL names."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlsplit

from geartrain.kernel.errors import Invalid
from geartrain.stores.warehouse.base import Warehouse

if TYPE_CHECKING:
    from geartrain.stores.warehouse.duck import Limits

__all__ = ["Warehouse", "open_warehouse"]


def open_warehouse(url: str, *, folder: Path) -> Warehouse:
    """Open the warehouse of a URL. Cheap: engines start on first use.

    Args:
        url: Empty or `duckdb://` for embedded files read with DuckDB; `postgresql://user@host/db`;
            `spark://host:7077`, `local-cluster[2,1,1024]` or `local[2]` for the embedded files read with Spark.
            `?memory_limit=4GB&threads=4` bounds what an embedded process takes for reading.
        folder: Of the embedded files.

    Raises:
        Invalid: no engine has such a URL.
    """
    scheme = urlsplit(url).scheme
    if scheme in ("postgresql", "postgres"):
        from geartrain.stores.warehouse.postgres import PostgresWarehouse

        return PostgresWarehouse(url)
    if url.startswith(("spark://", "local-cluster[", "local[")):
        from geartrain.stores.warehouse.spark import SparkWarehouse

        return SparkWarehouse(url, folder)
    if not url or scheme == "duckdb":
        from geartrain.stores.warehouse.embedded import EmbeddedWarehouse

        return EmbeddedWarehouse(folder, limits=_limits(url))
    hint = "Leave warehouse.url empty, or write postgresql://…, spark://… or local-cluster[2,1,1024]."
    raise Invalid(f"No warehouse has the URL '{url.split('@')[-1]}'.", hint=hint)


def _limits(url: str) -> Limits:
    from geartrain.stores.warehouse.duck import Limits

    asked = dict(parse_qsl(urlsplit(url).query))
    if unknown := asked.keys() - {"memory_limit", "threads"}:
        raise Invalid(f"warehouse.url knows no {', '.join(sorted(unknown))}.", hint="Use memory_limit and threads.")
    try:
        return Limits(asked.get("memory_limit", ""), int(asked.get("threads", 0)))
    except ValueError:
        raise Invalid(f"'{asked['threads']}' is no number of threads.") from None
