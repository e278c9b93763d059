"""One finding: why it fired, what shows it, what to do, and what people say of it."""

from __future__ import annotations

import json
from functools import partial
from typing import TYPE_CHECKING, Any

import polars as pl
import streamlit as st

from dashboards import charts
from dashboards.data import findings
from dashboards.data.source import Tenant
from dashboards.shapes import path_in_metres
from dashboards.words import NOTHING, duration, local_text, localised
from vigia.domain.errors import VigiaError
from vigia.domain.findings.categorise import resolve
from vigia.domain.findings.lifecycle import Life, Move, Need, Party, needs, open_moves

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

OFFERED = {
    Move.ACKNOWLEDGE: ("I have seen it", ":material/visibility:"),
    Move.START: ("I work on it", ":material/engineering:"),
    Move.RESOLVE: ("It is dealt with", ":material/check:"),
    Move.REJECT: ("It was no case", ":material/block:"),
    Move.REOPEN: ("Open it again", ":material/undo:"),
    Move.RESTORE: ("Show it again", ":material/volume_up:"),
}
MOST_POINTS = 3000


def finding(tenant: Tenant, row: dict[str, Any], zone: ZoneInfo) -> None:
    """Everything about the finding that was chosen."""
    kind = resolve(row["type"])
    with st.container(border=True):
        st.subheader(f"{row['severity']} · {kind.title}")
        st.markdown(row["message"])
        st.caption(_when(tenant, row))
        why, do = st.columns([3, 2])
        with why:
            reasons(row)
            places(tenant, row, zone)
        with do:
            moves(tenant, row)
            steps(tenant, row)
        history(tenant, row)


def _when(tenant: Tenant, row: dict[str, Any]) -> str:
    lasted = None
    if row["cleared_at"] is not None:
        lasted = (row["cleared_at"] - row["detected_at"]).total_seconds() / 60
    over = f"over after {duration(lasted)}" if lasted is not None else "still true"
    muted = " · muted by another finding" if row["inhibited_by"] else ""
    return (
        f"Raised {local_text(tenant, row['detected_at'])} ({tenant.zone}) · {over} · evidence "
        f"{row['evidence_state']} · rule {row['policy_version']}{muted}"
    )


def reasons(row: dict[str, Any]) -> None:
    """The numbers that raised it."""
    st.markdown("**Why it fired**")
    figures = _loaded(row["figures"])
    if not figures:
        st.caption("This rule keeps no numbers.")
        return
    values = {name: "unknown" if v is None else f"{v:,.4g}" for name, v in figures.items()}
    st.dataframe(
        pl.DataFrame({"What was looked at": list(values), "Was": list(values.values())}),
        hide_index=True,
        placeholder=NOTHING,
    )


def places(tenant: Tenant, row: dict[str, Any], zone: ZoneInfo) -> None:
    """Where people were in the time that shows it, and what else was kept."""
    if row["site_id"]:
        fixes = findings.positions(tenant.tenant_id, row, tenant.zone)
        if fixes.height > 1:
            st.markdown("**Positions in the time that shows it**")
            st.altair_chart(charts.track(path_in_metres(fixes, zone, MOST_POINTS)))
        else:
            st.caption("No usable positions in the time that shows it.")
    for piece in findings.evidence(tenant.tenant_id, row["finding_id"]):
        with st.expander(piece.kind.replace("_", " ")):
            st.json(piece.snapshot)


def steps(tenant: Tenant, row: dict[str, Any]) -> None:
    """The runbook."""
    book = row["runbook_id"] and findings.runbook(tenant.tenant_id, row["runbook_id"])
    if not book:
        return
    st.markdown(f"**What to do** · {book['code']} {book['title']}")
    st.markdown("\n".join(f"{n}. {step}" for n, step in enumerate(_texts(book["steps"]), 1)))
    roles = ", ".join(role.replace("_", " ") for role in _loaded(book["escalate_to"]))
    st.caption(
        f"Somebody must own it within {book['escalation_sla_min']} min, else: {roles}. "
        f"Done when: {book['done_when']}"
    )


def moves(tenant: Tenant, row: dict[str, Any]) -> None:
    """What a person can do about it now."""
    life = findings.life(tenant.tenant_id, row["finding_id"])
    st.markdown(f"**State** · {life.state.replace('_', ' ')}")
    offered = [move for move in open_moves(life, Party.PERSON) if move in OFFERED]
    who = st.text_input("Your name", key="who", placeholder="as it should stand in the log")
    with st.container(horizontal=True):
        for what in offered:
            label, icon = OFFERED[what]
            if st.button(label, icon=icon, key=f"{what}-{row['finding_id']}"):
                if needs(life, what):
                    _ask(tenant, row, life, what, who)
                else:
                    _done(partial(findings.move, tenant.tenant_id, row["finding_id"], what, who))
        if st.button("It was true", icon=":material/thumb_up:", key=f"true-{row['finding_id']}"):
            _done(
                lambda: findings.say_it_was_true(tenant.tenant_id, row["finding_id"], who, "seen")
            )


@st.dialog("Say why")
def _ask(tenant: Tenant, row: dict[str, Any], life: Life, what: Move, who: str) -> None:
    """Ask for what the move has to come with, then make it."""
    wanted = needs(life, what)
    st.markdown(OFFERED[what][0])
    reason = st.text_area("Reason") if Need.REASON in wanted else ""
    second = ""
    if Need.SECOND_PERSON in wanted:
        second = st.text_input(
            "Second person who confirms", help="Closing a call for help takes two."
        )
    if st.button("Do it", type="primary"):
        _done(lambda: findings.move(tenant.tenant_id, row["finding_id"], what, who, reason, second))


def _done(make: Any) -> None:
    """Make a move and show the page anew, or say why not."""
    try:
        make()
    except VigiaError as error:
        st.error(str(error), icon=":material/block:")
        return
    st.rerun()


def history(tenant: Tenant, row: dict[str, Any]) -> None:
    """What became of it so far."""
    events = findings.events(tenant.tenant_id, row["finding_id"])
    with st.expander(f"History ({events.height})"):
        st.dataframe(localised(tenant, events), hide_index=True, placeholder=NOTHING)


def _loaded(value: Any) -> Any:
    return json.loads(value) if isinstance(value, str) else value


def _texts(steps: Any) -> list[str]:
    """Steps as text; a step may carry more than its words."""
    return [
        step if isinstance(step, str) else str(step.get("text", step)) for step in _loaded(steps)
    ]
