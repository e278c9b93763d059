"""The marts: what people and dashboards read, built and tested by dbt.

Each is one asset, its tests one check. The views on the way are not assets: nobody reads them.
"""

from collections.abc import Iterable, Iterator

import dagster as dg

from assets import render
from assets.lineage import Mart, read_marts
from assets.platform import Platform
from assets.specs import SCHEMA_METADATA, ops_key
from vigia.worker.analytics import MartsResult, Node, build_marts

MARTS = read_marts()
_TESTS = "The business rules and promises of the model, and of the views on the way to it."


def mart_key(name: str) -> dg.AssetKey:
    """The asset key of a mart."""
    return dg.AssetKey(["marts", name])


def _spec(mart: Mart) -> dg.AssetSpec:
    return dg.AssetSpec(
        mart_key(mart.name),
        description=mart.description,
        deps=[*map(mart_key, sorted(mart.marts)), *map(ops_key, sorted(mart.tables))],
        # A mart that dbt skips because something before it failed is not materialised.
        skippable=True,
        metadata={SCHEMA_METADATA: dg.TableSchema([dg.TableColumn(*c) for c in mart.columns])},
    )


@dg.multi_asset(
    name="marts",
    specs=[_spec(mart) for mart in MARTS],
    check_specs=[
        dg.AssetCheckSpec("tests", asset=mart_key(m.name), description=_TESTS) for m in MARTS
    ],
)
def marts(
    context: dg.AssetExecutionContext, platform: dg.ResourceParam[Platform]
) -> Iterable[dg.MaterializeResult | dg.AssetCheckResult]:
    """Build and test every mart, each replaced whole in one transaction."""
    result = build_marts(platform.database, platform.home)
    context.log.info("%d models and tests in %.1f s", len(result.nodes), result.seconds)
    for mart in MARTS:
        yield from _events(mart, result)
    if result.failed:
        raise dg.Failure(
            f"{len(result.failed)} models or tests failed; what depends on them was not rebuilt",
            metadata={"failed": render.table([_row(node) for node in result.failed])},
            # The same rows break the same rule again.
            allow_retries=not all(node.kind != "model" for node in result.failed),
        )


def _events(
    mart: Mart, result: MartsResult
) -> Iterator[dg.MaterializeResult | dg.AssetCheckResult]:
    built = next((n for n in result.nodes if n.kind == "model" and n.name == mart.name), None)
    if built is not None and built.status == "success":
        rows = {} if built.rows is None else {"dagster/row_count": built.rows}
        metadata = {"seconds": round(built.seconds, 2), **rows}
        yield dg.MaterializeResult(asset_key=mart_key(mart.name), metadata=metadata)
    tests = [n for n in result.nodes if n.kind != "model" and _is_about(n, mart)]
    remarks = [n for n in tests if n.is_failed or n.status == "warn"]
    yield dg.AssetCheckResult(
        asset_key=mart_key(mart.name),
        check_name="tests",
        passed=built is not None and not remarks,
        severity=_severity(tests),
        description="; ".join(f"{n.name}: {n.failures} rows" for n in remarks) or None,
        metadata={"tests": len(tests), "results": render.table([_row(n) for n in tests])},
    )


def _is_about(test: Node, mart: Mart) -> bool:
    """A test looks at the mart, or at a view on the way to it and at nothing further on."""
    on_the_way = mart.models | {mart.name}
    return bool(test.models) and set(test.models) <= on_the_way


def _severity(tests: Iterable[Node]) -> dg.AssetCheckSeverity:
    failed = any(node.is_failed for node in tests)
    return dg.AssetCheckSeverity.ERROR if failed else dg.AssetCheckSeverity.WARN


def _row(node: Node) -> dict[str, object]:
    return {
        "name": node.name,
        "status": node.status,
        "rows that break it": node.failures,
        "seconds": round(node.seconds, 2),
        "message": node.message if node.is_failed else None,
    }


ASSETS = [marts]
