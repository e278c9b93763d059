"""Jobs: one for each cadence, and one for a history that was imported.

One run does all of its cadence's work, because starting a run costs seconds. When they start is
said in `orchestration.schedules` and `orchestration.sensors`.
"""

from __future__ import annotations

import dagster as dg

from assets.audits import NAMES as FINDINGS
from assets.audits import TUNED, audit_key
from assets.baselines import JUDGED, LEARNED
from assets.documents import DBT_DOCS
from assets.feeds import NAMES as FEEDS
from assets.marts import MARTS, mart_key
from assets.metrics import NAMES as METRICS
from assets.service_levels import NAMES as CLOCKS
from assets.specs import ops_key
from assets.worlds import REALISM, SCOREBOARD
from vigia.domain.findings.audit import Cadence

# A database that restarts is back in seconds; what fails three times needs a person.
RETRY = dg.RetryPolicy(max_retries=2, delay=5, backoff=dg.Backoff.EXPONENTIAL)

ONE_AT_A_TIME = "vigia/exclusive"
"""Runs with the same value of this tag never run at once: they would recompute the same days."""


def _checks(name: str, tables: tuple[str, ...]) -> dg.AssetSelection:
    return _checks_of(name, *map(ops_key, tables))


def _checks_of(name: str, *keys: dg.AssetKey) -> dg.AssetSelection:
    return dg.AssetSelection.checks(*(dg.AssetCheckKey(key, name) for key in keys))


_computed = dg.AssetSelection.assets(*map(ops_key, (*METRICS, *CLOCKS))).without_checks()
_computed |= _checks("contract", (*METRICS, *CLOCKS))
_judged = dg.AssetSelection.assets(*map(ops_key, JUDGED)).without_checks()
_judged |= _checks("contract", JUDGED)
_learned = dg.AssetSelection.assets(*map(ops_key, LEARNED)).without_checks()
_learned |= _checks("contract", LEARNED)
_tuned = dg.AssetSelection.assets(*map(ops_key, TUNED)).without_checks()
_tuned |= _checks("contract", TUNED)
_values = _checks("values", FEEDS) | _checks("values", METRICS)
_inputs = _checks("contract", (*FEEDS, *FINDINGS))
_archive = dg.AssetSelection.assets(ops_key("lake_file"))
_retention = dg.AssetSelection.assets(ops_key("retention_run"))
_mart_keys = [mart_key(mart.name) for mart in MARTS]
_marts = dg.AssetSelection.assets(*_mart_keys).without_checks()
_marts |= _checks_of("tests", *_mart_keys)
# Whether it is fresh, nobody asks of what is being made: the sensor watches that.
_docs = dg.AssetSelection.assets(DBT_DOCS).without_checks()
_worlds = dg.AssetSelection.assets(REALISM)


every_five_minutes = dg.define_asset_job(
    "every_five_minutes",
    selection=_computed | _judged,
    description="Recompute what changed in the last days, judge the newest hours by their baselines,"
    " and move the service-level clocks on.",
    op_retry_policy=RETRY,
    run_tags={ONE_AT_A_TIME: "metrics"},
)
hourly = dg.define_asset_job(
    "hourly",
    selection=_inputs | _archive | _marts,
    description="Check that inputs are what they should be, close days, build the marts.",
    op_retry_policy=RETRY,
    run_tags={ONE_AT_A_TIME: "marts"},
)
daily = dg.define_asset_job(
    "daily",
    selection=_values | _learned | _tuned | _retention | _docs | _worlds,
    description="Examine the newest days, learn what is usual and what people say of findings, delete"
    " what is past its time and safe elsewhere.",
    op_retry_policy=RETRY,
    run_tags={ONE_AT_A_TIME: "retention"},
)
history = dg.define_asset_job(
    "history",
    selection=_inputs | _values | _computed | _learned | _judged | _archive | _marts | _worlds,
    description="Everything, for a range of days that an import or a replay brought.",
    op_retry_policy=RETRY,
    run_tags={ONE_AT_A_TIME: "metrics"},
)
scoreboard = dg.define_asset_job(
    "scoreboard",
    selection=dg.AssetSelection.assets(SCOREBOARD),
    description="Score what is found in the simulated companies against what was true there.",
    run_tags={ONE_AT_A_TIME: "scoreboard"},
)
AUDITS = {
    cadence: dg.define_asset_job(
        f"{cadence}_audit",
        selection=dg.AssetSelection.assets(audit_key(cadence)).without_checks(),
        description=f"The {cadence} audits of all sites that are due.",
        op_retry_policy=RETRY,
        run_tags={ONE_AT_A_TIME: "audits"},
    )
    for cadence in Cadence
}
"""A job for each cadence of audits."""
JOBS = (every_five_minutes, hourly, daily, history, scoreboard, *AUDITS.values())
