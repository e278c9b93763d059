"""Scoreboard: how often what is found was true, beside the plain rules, on worlds that are known."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import polars as pl
import streamlit as st

from dashboards import charts
from dashboards.data import scoreboard
from dashboards.words import NOTHING, count, duration

UNSCORED = (
    "Nothing has been scored yet. Score the simulated company with the `scoreboard` job in Dagster, "
    "or any worlds with `vigia evaluate --level standard --seeds 1,2 --publish`."
)
ABOUT = (
    "A simulated company knows what truly happened in it, so what is found there can be counted as "
    "right or wrong. The product sees the same stream of events as any other company's and nothing "
    "of the truth. **Precision**: of what was raised, the share that was true. **Recall**: of what "
    "happened, the share that was found. **F1** joins both. The *plain rules* are what somebody would "
    "write down in an afternoon, on the same stream."
)


def choose() -> dict[str, Any] | None:
    """The board to look at; the newest first."""
    boards = scoreboard.boards()
    if not boards:
        st.info(UNSCORED, icon=":material/scoreboard:")
        return None
    titles = {board["name"]: _title(board) for board in boards}
    name = st.selectbox("Measured on", list(titles), format_func=titles.__getitem__, width=420)
    return next(board for board in boards if board["name"] == name)


def _title(board: dict[str, Any]) -> str:
    made = datetime.fromisoformat(board["made_at"])
    seeds = ", ".join(map(str, board["seeds"]))
    return f"{board['level']} · seed {seeds} · {made:%Y-%m-%d %H:%M} UTC"


def numbers(board: dict[str, Any]) -> None:
    """The board in four numbers."""
    places = st.columns(4)
    margin = board.get("margin")
    places[0].metric(
        "Mean F1",
        _two(board.get("f1")),
        None if margin is None else f"{margin:+.2f} against plain rules",
        border=True,
    )
    places[1].metric("Plain rules", _two(board.get("naive_f1")), border=True)
    places[2].metric(
        "False alarms a site and day",
        f"{board['per_site_day']:.2f}",
        f"{board['per_site_day'] - board['naive_per_site_day']:+.1f} against plain rules",
        delta_color="inverse",
        border=True,
        help="Findings of MEDIUM or worse that match nothing that happened.",
    )
    kinds = [rate for rate in board["traps"].values() if rate is not None]
    fell = sum(rate > 0 for rate in kinds)
    places[3].metric(
        "Kinds of look-alikes fallen for",
        f"{fell} of {len(kinds)}",
        border=True,
        help="Innocent events that tempt a careless rule: drifting positions, late scans, drills …",
    )


def pictures(board: dict[str, Any]) -> None:
    """Class by class, and look-alike by look-alike."""
    classes, traps = scoreboard.classes(board), scoreboard.traps(board)
    left, right = st.columns([3, 2])
    with left:
        st.subheader("By what was to be found")
        st.altair_chart(charts.scores(classes))
        st.caption("Bars: F1 with its 95 % interval. Marks: the plain rules on the same stream.")
    with right:
        st.subheader("Look-alikes")
        if traps.is_empty():
            st.info("There were no look-alikes in these worlds.")
        else:
            st.altair_chart(charts.traps(traps))
            st.caption("Share of look-alikes of each kind that raised a false alarm.")


def figures(board: dict[str, Any]) -> None:
    """All figures, for whoever wants them."""
    st.subheader("Figures")
    shown = scoreboard.classes(board).select(
        pl.col("title").alias("To be found"),
        pl.col("episodes").alias("Happened"),
        pl.col("found").alias("Found"),
        pl.col("false_alarms").alias("False alarms"),
        pl.col("precision").round(2).alias("Precision"),
        pl.col("recall").round(2).alias("Recall"),
        pl.col("f1").round(2).alias("F1"),
        pl.col("plain_f1").round(2).alias("F1 of plain rules"),
        pl.col("delay_p95_s")
        .map_elements(lambda s: duration(max(s, 0) / 60), return_dtype=pl.String)
        .alias("95 % known within"),
    )
    st.dataframe(shown, hide_index=True, placeholder=NOTHING)
    hard = board["hardness"]
    st.caption(
        "Delay is from the first instant at which a perfect observer of what had arrived could "
        "have known. Measured on the stream: "
        + ", ".join(f"{name.replace('_', ' ')} {value:g}" for name, value in hard.items())
        + f". Episodes in all: {count(sum(c['episodes'] for c in board['classes'].values()))}."
    )


def _two(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f}"


st.markdown(ABOUT)
if (chosen := choose()) is not None:
    numbers(chosen)
    pictures(chosen)
    figures(chosen)
