"""Reads of the Scoreboard page: the boards that evaluation has published."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import streamlit as st

from dashboards.data.source import CACHE_S, settings

if TYPE_CHECKING:
    import polars as pl

NAMES = {
    "K01": "Silent site",
    "K02": "Tour abandoned",
    "K03": "Backlog storm",
    "K04": "Phantom guard",
    "K05": "GPS failure",
    "K06": "Phone failure",
    "K07": "Guard in distress",
    "K08": "Resource shortage",
    "K09": "Coverage gap",
    "K10": "Escalation stuck",
    "K11": "Network outage",
    "K12": "Off-hours activity",
    "ANOMALY": "Anomaly of a metric",
}


@st.cache_data(ttl=CACHE_S, show_spinner=False)
def boards() -> list[dict[str, Any]]:
    """Every board that is kept, the newest first."""
    from vigia.evaluate.published import published

    return published(settings().layout.scoreboards)


def classes(board: dict[str, Any]) -> pl.DataFrame:
    """One row per class: how often it was right, beside the plain rules."""
    import polars as pl

    plain = board["naive"]
    return pl.DataFrame(
        [
            {
                "class": name,
                "title": f"{name} {NAMES.get(name, '')}".strip(),
                **{column: found.get(column) for column in _FIGURES},
                "low": found.get("f1_95", [None, None])[0],
                "high": found.get("f1_95", [None, None])[1],
                "plain_f1": plain.get(name, {}).get("f1"),
            }
            for name, found in board["classes"].items()
        ],
        schema=_CLASSES,
    )


def traps(board: dict[str, Any]) -> pl.DataFrame:
    """One row per kind of look-alike: the share that raised a false alarm."""
    import polars as pl

    kinds = sorted({*board["traps"], *board["naive_traps"]})
    return pl.DataFrame(
        [
            {
                "kind": kind.replace("_", " "),
                "product": board["traps"].get(kind),
                "plain": board["naive_traps"].get(kind),
            }
            for kind in kinds
        ],
        schema={"kind": pl.String, "product": pl.Float64, "plain": pl.Float64},
    )


_FIGURES = ("episodes", "found", "false_alarms", "precision", "recall", "f1", "delay_p95_s")
_CLASSES: Any = {
    "class": str,
    "title": str,
    "episodes": int,
    "found": int,
    "false_alarms": int,
    "precision": float,
    "recall": float,
    "f1": float,
    "delay_p95_s": float,
    "low": float,
    "high": float,
    "plain_f1": float,
}
