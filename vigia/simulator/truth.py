"""The truth about a world: its tables, and the folder that only evaluation may read.

Belongs here: what each truth table holds and how it is written. Does not belong here: how truth
comes about (`plan`, `label`). Instants are UTC; scopes are named by code, as events name them.
"""

from __future__ import annotations

import polars as pl

INSTANT = pl.Datetime("us", "UTC")
_S, _F, _I = pl.String(), pl.Float64(), pl.Int64()

EPISODE = pl.Schema(
    {
        "episode": _S,
        "tenant": _S,
        "class": _S,
        "subtype": _S,
        "scope_kind": _S,
        "scope": _S,
        "site": _S,
        "person": _S,
        "device": _S,
        "onset": INSTANT,
        "detectable_at": INSTANT,
        "end": INSTANT,
        "severity": _S,
        "expected_type": _S,
        "parent": _S,
        "cause": _S,
        "params": _S,
    }
)
"""One row per episode that a controller should be told about.

`class`: K01 … K12, DEVICE_FAILURE, SLA_BREACH, STAFFING_GAP, ANOMALY. `scope_kind` and `scope`:
what a finding of it is about (site, post, person, device, tour_run, task, ticket, alert, region).
`detectable_at`: when a perfect observer of what has *arrived* could first know. `parent`: episode
that explains it. `cause`: injected or natural; both count. `params`: JSON, what made it so."""

TRAP = pl.Schema(
    {
        "trap": _S,
        "tenant": _S,
        "kind": _S,
        "scope_kind": _S,
        "scope": _S,
        "site": _S,
        "person": _S,
        "device": _S,
        "from": INSTANT,
        "to": INSTANT,
        "tempting_type": _S,
    }
)
"""One row per innocent look-alike; `tempting_type` is the class that a careless rule reports."""

LABEL = pl.Schema(
    {
        "tenant": _S,
        "subject_kind": _S,
        "subject": _S,
        "label": _S,
        "value": _F,
        "at": INSTANT,
        "detail": _S,
    }
)
"""One row per fact about one thing. `subject_kind` and `label`: attendance_event fraud (buddy,
spoof, time_theft, ghost, correction or none in `detail`), tour_run fake, shift gap_minutes,
device failure (`detail` gradual or sudden, `at` the death), ticket sentiment (0-10), intent,
urgency, would_breach (0/1), impact (1-4), alert root_cause (`detail` an id)."""

RESOLUTION = pl.Schema(
    {"tenant": _S, "episode": _S, "action": _S, "target": _S, "probability": _F, "after_s": _F}
)
"""One row per episode and playbook action that could resolve it: how likely, and how soon."""

VERDICT = pl.Schema(
    {"tenant": _S, "subject_kind": _S, "subject": _S, "answer": _S, "delay_s": _F, "reason": _S}
)
"""One row per episode or trap (`subject_kind`): what an operator would answer to a finding there,
true_positive or false_positive, right 95 times in 100, and how long it takes."""

POISON = pl.Schema(
    {"tenant": _S, "source": _S, "source_event_id": _S, "reason_code": _S, "kind": _S}
)
"""One row per event that ingest must put aside, with the reason code it must give."""

TABLES: dict[str, pl.Schema] = {
    "gt_episode": EPISODE,
    "gt_trap": TRAP,
    "gt_label": LABEL,
    "gt_resolution": RESOLUTION,
    "gt_verdict": VERDICT,
    "gt_poison": POISON,
}
"""Every truth table; each is one Parquet file of that name in the folder `truth`."""
