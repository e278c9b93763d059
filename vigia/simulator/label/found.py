"""An episode as it is found: numbers and microseconds, before it is named and put in order."""

from __future__ import annotations

import polars as pl

_I, _S = pl.Int64(), pl.String()

FOUND = pl.Schema(
    {
        "class": _S,
        "subtype": _S,
        "scope_kind": _S,
        "scope": _S,
        "site": _I,
        "person": _I,
        "device": _I,
        "duty": _I,
        "post": _I,
        "onset_us": _I,
        "detectable_us": _I,
        "end_us": _I,
        "severity": _S,
        "expected_type": _S,
        "cause": _S,
        "group": _S,
        "params": _S,
    }
)
"""One row per episode. `duty`, `post`: what an intention is matched by, -1 none. `cause`:
injected where the finder knows, else empty. `group`: equal for episodes of one thing, of which
the first explains the others; empty for none. `params`: JSON."""

TYPES = {
    "K01": "CORRELATION_SILENT_SITE",
    "K02": "CORRELATION_TOUR_ABANDONMENT",
    "K03": "CORRELATION_SLA_STORM",
    "K04": "CORRELATION_PHANTOM_GUARD",
    "K05": "CORRELATION_DEVICE_GPS_FAILURE",
    "K06": "CORRELATION_DEVICE_PHONE_FAILURE",
    "K07": "CORRELATION_GUARD_DISTRESS",
    "K08": "CORRELATION_RESOURCE_SHORTAGE",
    "K09": "CORRELATION_COVERAGE_GAP",
    "K10": "CORRELATION_ESCALATION_CHAIN_BREAK",
    "K11": "CORRELATION_NETWORK_OUTAGE",
    "K12": "CORRELATION_OFF_HOURS_ACTIVITY",
    "DEVICE_FAILURE": "DEVICE_FAILURE_PREDICTED",
    "SLA_BREACH": "SLA_BREACH",
    "STAFFING_GAP": "STAFFING_GAP_PREDICTED",
}
"""The type of finding that each class expects; anomalies name theirs."""

SEVERITIES = ("INFO", "LOW", "MEDIUM", "HIGH", "CRITICAL")


def found(frame: pl.DataFrame, episode_class: str, **columns: pl.Expr | str) -> pl.DataFrame:
    """Rows in the columns of `FOUND`; what is not given is none.

    Args:
        frame: One row per episode; its columns of the same names are taken.
        episode_class: K01 and so on.
        columns: Further columns.
    """
    given = {n: pl.lit(v) if isinstance(v, str) else v for n, v in columns.items()}
    kind = pl.lit(TYPES.get(episode_class, ""))
    given = {"expected_type": kind, "class": pl.lit(episode_class)} | given
    framed = frame.with_columns(**given)
    return framed.select(_column(framed, name, dtype).alias(name) for name, dtype in FOUND.items())


def _column(frame: pl.DataFrame, name: str, dtype: pl.DataType) -> pl.Expr:
    empty = "" if dtype == _S else -1
    if name not in frame.columns:
        return pl.lit(empty, dtype=dtype)
    return pl.col(name).cast(dtype).fill_null(empty)


def severity(level: pl.Expr) -> pl.Expr:
    """The word for a level from 0 (INFO) to 4 (CRITICAL), capped."""
    capped = level.cast(pl.Int64).clip(0, len(SEVERITIES) - 1)
    return capped.replace_strict(dict(enumerate(SEVERITIES)), return_dtype=pl.String)
