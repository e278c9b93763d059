"""A long list a page at a time, of which a row can be chosen."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import streamlit as st

from dashboards.words import NOTHING

if TYPE_CHECKING:
    import polars as pl


def chosen_of_pages(
    size: int,
    rows_a_page: int,
    read: Callable[[int], pl.DataFrame],
    shown: Callable[[pl.DataFrame], pl.DataFrame],
    *,
    key: str,
    caption: str,
) -> dict[str, Any] | None:
    """Show one page, and give the row that the person chose in it; None while there is none.

    Args:
        size: How many rows there are; at least one.
        rows_a_page: How many a page holds.
        read: The rows of a page by its number, from 1.
        shown: These rows as the table shows them.
        key: Names the list and what was asked of it: another one begins without a choice.
        caption: What follows the count below the table.
    """
    pages, page = -(-size // rows_a_page), 1
    if pages > 1:
        page = int(st.number_input(f"Page (of {pages:,})", 1, pages, width=160))
    rows = read(page)
    chosen = st.dataframe(
        shown(rows),
        hide_index=True,
        placeholder=NOTHING,
        on_select="rerun",
        selection_mode="single-row",
        key=f"{key}-{page}",
    )
    first = (page - 1) * rows_a_page + 1
    st.caption(f"{first:,}–{first + rows.height - 1:,} of {size:,}{caption}")
    selected = chosen["selection"]["rows"]
    return rows.row(selected[0], named=True) if selected else None
