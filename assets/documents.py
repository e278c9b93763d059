"""Documents: pages about the data, written from them for a browser."""

import dagster as dg

from assets.marts import MARTS, mart_key
from assets.platform import Platform
from vigia.worker.analytics import write_docs

DBT_DOCS = dg.AssetKey(["docs", "dbt"])


@dg.asset(key=DBT_DOCS, deps=[mart_key(mart.name) for mart in MARTS])
def dbt_docs(platform: dg.ResourceParam[Platform]) -> dg.MaterializeResult:
    """One page about every model: columns, tests and lineage, for a browser."""
    path = write_docs(platform.database, platform.home)
    return dg.MaterializeResult(
        metadata={
            "page": dg.MetadataValue.path(path),
            "bytes": path.stat().st_size,
        }
    )


ASSETS = [dbt_docs]
