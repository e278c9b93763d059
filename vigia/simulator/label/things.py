"""`gt_label`: what is true of single things, such as a clocking, a tour, a shift or a ticket.

An attendance event is named by its source and id, `phone/D00012#A0012345-000`; other things by
their code.
"""

from __future__ import annotations

import polars as pl

from vigia.simulator.label.case import Case
from vigia.simulator.truth import INSTANT, LABEL

HONEST = "none"


def labels(case: Case, shifts: pl.DataFrame, deaths: pl.DataFrame) -> pl.DataFrame:
    """Every label of a world (`truth.LABEL`).

    Args:
        case: What happened.
        shifts: Shifts with their gap (`coverage.shift_gaps`).
        deaths: Phones that died on duty (`failures.device_deaths`).
    """
    parts = [
        _attendance(case),
        _tours(case),
        _shifts(case, shifts),
        _devices(case, deaths),
        *_tickets(case),
        _alerts(case),
    ]
    order = ["tenant", "subject_kind", "label", "subject", "at"]
    return pl.concat([LABEL.to_frame(), *parts]).sort(order)


def _labelled(
    case: Case, frame: pl.DataFrame, kind: str, label: str, **columns: pl.Expr
) -> pl.DataFrame:
    """Rows of `truth.LABEL` of a frame with a `site`; the rest is null where not given."""
    world = case.world
    slug = world.tenants["slug"].gather(world.sites["tenant"].gather(frame["site"]))
    given = {
        "tenant": pl.lit(slug),
        "subject_kind": pl.lit(kind),
        "label": pl.lit(label),
        "value": pl.lit(None, dtype=pl.Float64),
        "detail": pl.lit(None, dtype=pl.String),
    } | columns
    given["at"] = given["at"].cast(INSTANT)
    return frame.select(given[name].cast(dtype).alias(name) for name, dtype in LABEL.items())


def _attendance(case: Case) -> pl.DataFrame:
    """Whether each clocking is fraudulent, and how."""
    punches = case.fact("attendance").join(
        case.duties.select("duty", "site"), on="duty", maintain_order="left"
    )
    fraud = pl.col("fraud").fill_null("")
    honest = fraud == ""
    return _labelled(
        case,
        punches,
        "attendance_event",
        "fraud",
        subject=pl.concat_str("source", pl.lit("#"), "event_id"),
        value=(~honest).cast(pl.Float64),
        at=pl.col("at_us"),
        detail=pl.when(honest).then(pl.lit(HONEST)).otherwise(fraud),
    )


def _tours(case: Case) -> pl.DataFrame:
    """Whether each tour that was begun is fake, and how."""
    runs = case.fact("tour_run").filter(pl.col("started_us") >= 0)
    how = {-1: HONEST, 0: "fast", 1: "one_spot", 2: "same_picture"}
    return _labelled(
        case,
        runs,
        "tour_run",
        "fake",
        subject=pl.col("run_code"),
        value=(pl.col("fake") >= 0).cast(pl.Float64),
        at=pl.col("started_us"),
        detail=pl.col("fake").replace_strict(how, default=HONEST, return_dtype=pl.String),
    )


def _shifts(case: Case, shifts: pl.DataFrame) -> pl.DataFrame:
    """Minutes of missing people of each shift."""
    return _labelled(
        case,
        shifts,
        "shift",
        "gap_minutes",
        subject=pl.col("shift_code"),
        value=pl.col("gap_min"),
        at=pl.col("starts_us"),
    )


def _devices(case: Case, deaths: pl.DataFrame) -> pl.DataFrame:
    """When each phone died on duty, and whether it announced it."""
    gradual = pl.col("failing_us") >= 0
    return _labelled(
        case,
        deaths,
        "device",
        "failure",
        subject=pl.lit(case.world.devices["code"].gather(deaths["device"])),
        value=pl.lit(1.0),
        at=pl.col("death_us"),
        detail=pl.when(gradual).then(pl.lit("gradual")).otherwise(pl.lit("sudden")),
    )


def _tickets(case: Case) -> list[pl.DataFrame]:
    """What each ticket is really about, and whether it would miss its promise."""
    tickets = case.fact("ticket")
    number, opened = pl.col("number"), pl.col("opened_us")
    values = {
        "sentiment": pl.col("sentiment"),
        "urgency": pl.col("urgency"),
        "impact": pl.col("impact"),
        "would_breach": pl.col("would_breach"),
    }
    return [
        _labelled(case, tickets, "ticket", name, subject=number, at=opened, value=value)
        for name, value in values.items()
    ] + [
        _labelled(
            case, tickets, "ticket", "intent", subject=number, at=opened, detail=pl.col("intent")
        )
    ]


def _alerts(case: Case) -> pl.DataFrame:
    """What is behind each alert."""
    return _labelled(
        case,
        case.fact("alert"),
        "alert",
        "root_cause",
        subject=pl.col("alert_code"),
        at=pl.col("raised_us"),
        detail=pl.col("root"),
    )
