"""How many promises were kept, by priority."""

from __future__ import annotations

import polars as pl
import streamlit as st

from dashboards.words import NOTHING


def promises(verdicts: pl.DataFrame) -> None:
    """Share kept by priority; beside ours the source's verdict, where the source gave one."""
    shares = [pl.col("ours_met_pct").cast(pl.Float64).round(1).alias("Kept (%)")]
    text = "Share of the ended tickets that kept our stated policy."
    if verdicts["source_met_pct"].null_count() < verdicts.height:
        shares += [
            pl.col("source_met_pct").cast(pl.Float64).round(1).alias("Source says (%)"),
            pl.col("agreed_pct").cast(pl.Float64).round(1).alias("Agree (%)"),
        ]
        text += " The source's own verdict is carried as it came: neither is a copy of the other."
    priority, ended = pl.col("priority").alias("Priority"), pl.col("tickets").alias("Ended")
    st.dataframe(verdicts.select(priority, ended, *shares), hide_index=True, placeholder=NOTHING)
    st.caption(text)
