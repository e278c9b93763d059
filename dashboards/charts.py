"""Frames in, Altair figures out; no Streamlit, no reads."""

from __future__ import annotations

from typing import TYPE_CHECKING

import altair as alt

if TYPE_CHECKING:
    from typing import Any

    import polars as pl

    # Altair's own methods are untyped: each returns the chart it was called on.
    Figure = Any

STATE_COLOURS = {
    "breached": "#c2413b",
    "at risk": "#d98324",
    "active": "#2f8f6b",
    "quiet": "#93a1ac",
}
PRIORITY_COLOURS = {"P1": "#b8433f", "P2": "#d98324", "P3": "#3d8da3", "P4": "#93a1ac"}
# A figure's height includes its legend.
_LEGEND_PX = 60
_WIDE_LABELS = alt.Axis(labelLimit=220, labelOverlap=False)
_ACCENT, _SOFT, _WARM = "#2a8ca3", "#93a1ac", "#d98324"


def site_map(sites: pl.DataFrame) -> Figure:
    """Sites with coordinates, by state, on a plain plate carrée.

    Args:
        sites: One row per site: `lat`, `lon`, `state`, `site_code`, `site_name`, `open_tickets`.
    """
    return (
        alt.Chart(sites)
        .mark_circle(size=260, opacity=0.9, stroke="white", strokeWidth=1.5)
        .encode(
            x=alt.X("lon:Q", title="longitude (°)", scale=_padded(sites["lon"])),
            y=alt.Y("lat:Q", title="latitude (°)", scale=_padded(sites["lat"])),
            color=_by_state(),
            tooltip=_site_tooltip(),
        )
        .properties(height=300)
    )


def site_wall(sites: pl.DataFrame, columns: int) -> Figure:
    """Every site as a tile, worst first: a map for sites whose place nobody recorded.

    Args:
        sites: As for `site_map`, already ordered.
        columns: Tiles in a row.
    """
    tiles = sites.with_row_index("i").with_columns(
        (_index() % columns).alias("x"), (_index() // columns).alias("y")
    )
    rows = -(-tiles.height // columns)
    return (
        alt.Chart(tiles)
        .mark_rect(cornerRadius=3)
        .encode(
            x=alt.X(
                "x:O", axis=None, scale=alt.Scale(domain=list(range(columns)), paddingInner=0.12)
            ),
            y=alt.Y("y:O", axis=None, scale=alt.Scale(paddingInner=0.12)),
            color=_by_state(),
            tooltip=_site_tooltip(),
        )
        .properties(height=_LEGEND_PX + 24 * rows)
        .configure_view(strokeWidth=0)
    )


def today_against_normal(hours: pl.DataFrame, title: str) -> Figure:
    """Today's hours as bars over the band of a normal day.

    Args:
        hours: `hour` 0–23, `today`, `low`, `normal`, `high`.
        title: Axis title with the unit.
    """
    base = alt.Chart(hours).encode(
        x=alt.X("hour:Q", title="hour of the local day", scale=alt.Scale(domain=[-0.5, 23.5])),
    )
    tooltip = [
        alt.Tooltip("hour:Q"),
        alt.Tooltip("today:Q", format=",.0f"),
        alt.Tooltip("normal:Q", title="normal (median)", format=",.1f"),
        alt.Tooltip("low:Q", title="10th percentile", format=",.1f"),
        alt.Tooltip("high:Q", title="90th percentile", format=",.1f"),
    ]
    bars = base.mark_bar(size=12, color=_ACCENT, opacity=0.85).encode(
        y=alt.Y("today:Q", title=title), tooltip=tooltip
    )
    band = base.mark_area(color=_WARM, opacity=0.22, interpolate="monotone").encode(
        y="low:Q", y2="high:Q"
    )
    line = base.mark_line(color=_WARM, strokeDash=[4, 3], interpolate="monotone").encode(
        y="normal:Q"
    )
    return (band + bars + line).properties(height=300)


def metric_line(series: pl.DataFrame, unit: str, *, is_count: bool) -> Figure:
    """A metric over time; the band is least to greatest value, gaps stay gaps.

    Args:
        series: `slot`, `value`, `min`, `max`, `resolution`, `run` (consecutive stretch).
        unit: Unit for the axis.
        is_count: Counts are bars from nothing; everything else is a line with its range.
    """
    tooltip = [
        alt.Tooltip("slot:T", title="from", format="%Y-%m-%d %H:%M"),
        alt.Tooltip("value:Q", format=",.3~f"),
        alt.Tooltip("n:Q", title="values", format=","),
        alt.Tooltip("resolution:N"),
    ]
    base = alt.Chart(series).encode(x=alt.X("slot:T", title="UTC"))
    value = alt.Y("value:Q", title=unit)
    if is_count:
        return (
            base.mark_bar(color=_ACCENT, size=3)
            .encode(y=value, tooltip=tooltip)
            .properties(height=300)
        )
    band = base.mark_area(color=_ACCENT, opacity=0.18).encode(
        y=alt.Y("min:Q", title=unit), y2="max:Q", detail="run:N"
    )
    line = base.mark_line(color=_ACCENT, strokeWidth=1.6).encode(
        y=value, detail="run:N", tooltip=tooltip
    )
    return (band + line).properties(height=300)


def track(fixes: pl.DataFrame) -> Figure:
    """Positions of a day as a path in metres from its middle, coloured by hour.

    Args:
        fixes: Oldest first: `east_m`, `north_m`, `leg` (stretch without a gap over an hour),
            `hour` (local, with fraction), `at` (text), `order`.
    """
    reach = max(50.0, *fixes["east_m"].abs(), *fixes["north_m"].abs())
    scale = alt.Scale(domain=[-reach * 1.08, reach * 1.08], nice=False)
    base = alt.Chart(fixes).encode(
        x=alt.X("east_m:Q", title="metres east of the middle", scale=scale),
        y=alt.Y("north_m:Q", title="metres north of the middle", scale=scale),
    )
    path = base.mark_line(color=_SOFT, strokeWidth=1.2, opacity=0.8).encode(
        detail="leg:N", order="order:Q"
    )
    points = base.mark_circle(size=16).encode(
        color=alt.Color(
            "hour:Q",
            title="local hour",
            scale=alt.Scale(scheme="viridis", domain=[0, 24]),
            legend=alt.Legend(orient="bottom", gradientLength=220),
        ),
        tooltip=[alt.Tooltip("at:N", title="at"), "lat:Q", "lon:Q"],
    )
    return (path + points).properties(height=430)


def slots(counts: pl.DataFrame) -> Figure:
    """Positions by 5-minute slot of a day.

    Args:
        counts: `slot` (local wall clock, without zone), `fixes`.
    """
    return (
        alt.Chart(counts)
        .mark_bar(color=_ACCENT, size=3)
        .encode(
            x=alt.X("slot:T", title="local time", axis=alt.Axis(format="%H:%M")),
            y=alt.Y("fixes:Q", title="positions in 5 min"),
            tooltip=[
                alt.Tooltip("slot:T", format="%H:%M"),
                "fixes:Q",
                alt.Tooltip("distance_m:Q", format=",.0f"),
            ],
        )
        .properties(height=180)
    )


def ages(frame: pl.DataFrame) -> Figure:
    """Open tickets by age, stacked by priority.

    Args:
        frame: `age` ("1 · under 4 h" …), `priority`, `tickets`.
    """
    return (
        alt.Chart(frame)
        .mark_bar()
        .encode(
            y=alt.Y("age:N", title=None, sort="ascending"),
            x=alt.X("tickets:Q", title="open tickets"),
            color=_by_priority(),
            tooltip=["age:N", "priority:N", "tickets:Q"],
        )
        .properties(height=300)
    )


def arrivals(frame: pl.DataFrame) -> Figure:
    """Tickets opened and resolved by week.

    Args:
        frame: `week`, `opened`, `resolved`.
    """
    long = frame.unpivot(["opened", "resolved"], index="week", variable_name="what")
    return (
        alt.Chart(long)
        .mark_line(interpolate="monotone", strokeWidth=2)
        .encode(
            x=alt.X("week:T", title="week from"),
            y=alt.Y("value:Q", title="tickets a week"),
            color=alt.Color(
                "what:N",
                title=None,
                scale=alt.Scale(domain=["opened", "resolved"], range=[_WARM, _ACCENT]),
                legend=alt.Legend(orient="top"),
            ),
            tooltip=["week:T", "what:N", alt.Tooltip("value:Q", format=",")],
        )
        .properties(height=300)
    )


def rates(frame: pl.DataFrame) -> Figure:
    """What became of delivered rows, by the hour of delivery.

    Args:
        frame: `hour_at`, `outcome` (accepted, duplicate, quarantined), `rows`.
    """
    colours = {"accepted": _ACCENT, "duplicate": _SOFT, "quarantined": _WARM}
    return (
        alt.Chart(frame)
        .mark_bar(size=18)
        .encode(
            x=alt.X("yearmonthdatehours(hour_at):O", title="hour of delivery"),
            y=alt.Y("rows:Q", title="rows an hour"),
            color=alt.Color(
                "outcome:N",
                title=None,
                scale=alt.Scale(domain=list(colours), range=list(colours.values())),
                legend=alt.Legend(orient="top"),
            ),
            tooltip=["hour_at:T", "outcome:N", alt.Tooltip("rows:Q", format=",")],
        )
        .properties(height=240)
    )


def against_baseline(observed: pl.DataFrame, anomalies: pl.DataFrame, title: str) -> Figure:
    """A week of a metric over the band of what is usual, with its anomalies.

    Args:
        observed: `local` (wall clock, without zone), `observed`, `p05`, `p50`, `p95`.
        anomalies: `local`, `observed`, `expected`, `direction`, `score`, `raises`.
        title: Axis title with the unit.
    """
    base = alt.Chart(observed).encode(
        x=alt.X("local:T", title="local time", axis=alt.Axis(format="%a %d %b", tickCount="day"))
    )
    band = base.mark_area(color=_WARM, opacity=0.22, interpolate="step-after").encode(
        y=alt.Y("p05:Q", title=title), y2="p95:Q"
    )
    line = base.mark_line(color=_ACCENT, strokeWidth=1.6).encode(
        y="observed:Q",
        tooltip=[
            alt.Tooltip("local:T", format="%Y-%m-%d %H:%M"),
            *(alt.Tooltip(f"{n}:Q", format=".2f") for n in ("observed", "expected", "p05", "p95")),
        ],
    )
    marks = (
        alt.Chart(anomalies)
        .mark_point(color=PRIORITY_COLOURS["P1"], size=60)
        .encode(
            x="local:T",
            y="expected_slot:Q",
            fillOpacity=alt.condition("datum.raises", alt.value(0.9), alt.value(0.0)),
            fill=alt.value(PRIORITY_COLOURS["P1"]),
            tooltip=[
                alt.Tooltip("local:T", format="%Y-%m-%d %H:%M"),
                "direction:N",
                alt.Tooltip("observed:Q", format=".2f"),
                alt.Tooltip("expected:Q", format=".2f"),
                alt.Tooltip("score:Q", title="deviations", format=".1f"),
            ],
        )
        .transform_calculate(expected_slot="datum.expected * 5 / max(datum.over_min, 5)")
    )
    return (band + line + marks).properties(height=300)


def usual_week(profile: pl.DataFrame, title: str) -> Figure:
    """What is usual at each hour of the week: median within 5 % and 95 %, by weekday.

    Args:
        profile: `hour_of_week` (0 = Monday 00:00), `p05`, `p50`, `p95`, `mean`, `is_stable`, `n`.
        title: Axis title with the unit.
    """
    base = alt.Chart(profile).encode(
        x=alt.X(
            "hour_of_week:Q",
            title="hour of the week, from Monday 00:00",
            scale=alt.Scale(domain=[0, 168], nice=False),
            axis=alt.Axis(values=list(range(0, 169, 24))),
        )
    )
    band = base.mark_area(color=_WARM, opacity=0.22, interpolate="step-after").encode(
        y=alt.Y("p05:Q", title=title), y2="p95:Q"
    )
    mean = base.mark_line(color=_ACCENT, interpolate="step-after").encode(
        y="mean:Q",
        tooltip=[
            alt.Tooltip("hour_of_week:Q"),
            *(alt.Tooltip(f"{n}:Q", format=".2f") for n in ("mean", "p05", "p50", "p95")),
            alt.Tooltip("n:Q", title="samples"),
            alt.Tooltip("pooled_parent:N", title="figures from"),
        ],
    )
    return (band + mean).properties(height=240)


CATEGORY_COLOURS = {
    "SAFETY": "#b8433f",
    "SECURITY": "#d98324",
    "OPERATIONAL": "#3d8da3",
    "DEVICE_HEALTH": "#7b6aa8",
    "COMPLIANCE": "#93a1ac",
}


def findings_by_day(frame: pl.DataFrame) -> Figure:
    """Findings raised a day, stacked by category.

    Args:
        frame: `day`, `category`, `findings`.
    """
    return (
        alt.Chart(frame)
        .mark_bar()
        .encode(
            x=alt.X("yearmonthdate(day):O", title="local day", axis=alt.Axis(format="%d %b")),
            y=alt.Y("findings:Q", title="findings raised a day"),
            color=alt.Color(
                "category:N",
                title=None,
                scale=alt.Scale(
                    domain=list(CATEGORY_COLOURS), range=list(CATEGORY_COLOURS.values())
                ),
                legend=alt.Legend(orient="top", columns=2),
            ),
            tooltip=["day:T", "category:N", "findings:Q"],
        )
        .properties(height=260)
    )


def scores(classes: pl.DataFrame) -> Figure:
    """F1 by class with its interval, and a mark for the plain rules.

    Args:
        classes: `title`, `f1`, `low`, `high`, `plain_f1`, `precision`, `recall`, `episodes`.
    """
    base = alt.Chart(classes).encode(y=alt.Y("title:N", title=None, sort=None, axis=_WIDE_LABELS))
    scale = alt.Scale(domain=[0, 1])
    bars = base.mark_bar(color=_ACCENT, opacity=0.85, size=14).encode(
        x=alt.X("f1:Q", title="F1 (1 is always right and complete)", scale=scale),
        tooltip=[
            alt.Tooltip("title:N", title="class"),
            *(alt.Tooltip(f"{name}:Q", format=".2f") for name in ("precision", "recall", "f1")),
            alt.Tooltip("plain_f1:Q", title="plain rules", format=".2f"),
            alt.Tooltip("episodes:Q"),
        ],
    )
    between = base.mark_rule(color="black", opacity=0.55).encode(x="low:Q", x2="high:Q")
    plain = base.mark_tick(color=_WARM, thickness=3, size=18).encode(x="plain_f1:Q")
    return (bars + between + plain).properties(height=max(120, 28 * classes.height))


def traps(frame: pl.DataFrame) -> Figure:
    """Share of look-alikes that raised a false alarm, ours beside the plain rules.

    Args:
        frame: `kind`, `product`, `plain`.
    """
    long = frame.unpivot(["product", "plain"], index="kind", variable_name="who").drop_nulls()
    names = ["product", "plain"]
    return (
        alt.Chart(long)
        .mark_circle(size=70, opacity=0.9)
        .encode(
            y=alt.Y("kind:N", title=None, axis=_WIDE_LABELS),
            # Side by side: both are often nothing at all.
            yOffset=alt.YOffset("who:N", sort=names),
            x=alt.X(
                "value:Q", title="share that raised a false alarm", scale=alt.Scale(domain=[0, 1])
            ),
            color=alt.Color(
                "who:N",
                title=None,
                scale=alt.Scale(domain=names, range=[_ACCENT, _WARM]),
                legend=alt.Legend(orient="top"),
            ),
            tooltip=["kind:N", "who:N", alt.Tooltip("value:Q", format=".2f")],
        )
        .properties(height=_LEGEND_PX + max(120, 26 * frame.height))
    )


def _index() -> pl.Expr:
    import polars as pl

    return pl.col("i").cast(pl.Int64)


def _padded(values: pl.Series) -> alt.Scale:
    low, high = float(values.min()), float(values.max())  # type: ignore[arg-type]
    margin = max(0.01, (high - low) * 0.15)
    return alt.Scale(domain=[low - margin, high + margin], nice=False)


def _by_state() -> alt.Color:
    return alt.Color(
        "state:N",
        title=None,
        scale=alt.Scale(domain=list(STATE_COLOURS), range=list(STATE_COLOURS.values())),
        legend=alt.Legend(orient="bottom", symbolType="square", columns=4),
    )


def _by_priority() -> alt.Color:
    return alt.Color(
        "priority:N",
        title=None,
        scale=alt.Scale(domain=list(PRIORITY_COLOURS), range=list(PRIORITY_COLOURS.values())),
        legend=alt.Legend(orient="top"),
    )


def _site_tooltip() -> list[alt.Tooltip]:
    return [
        alt.Tooltip("site_code:N", title="site"),
        alt.Tooltip("state:N"),
        alt.Tooltip("open_tickets:Q", title="open tickets"),
        alt.Tooltip("breached:Q"),
        alt.Tooltip("at_risk:Q", title="at risk"),
        alt.Tooltip("events_7d:Q", title="events in 7 days", format=","),
    ]
