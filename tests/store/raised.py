"""Findings as detection hands them to the store."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl

from tests.worker.recorded import SITE, TENANT
from vigia.domain.dictionary import table
from vigia.domain.findings.categorise import categorise
from vigia.domain.findings.types import ScopeKind, dedup_key, finding_id
from vigia.store.findings import GIVEN
from vigia.store.frames import polars_schema

START = datetime(2026, 4, 20, 10, tzinfo=UTC)
SILENT = "CORRELATION_SILENT_SITE"
SCHEMA = polars_schema([table("finding").column(name) for name in GIVEN])


def raised(kind: str = SILENT, minutes: int = 0, scope: str = str(SITE), **changes: Any) -> dict:
    """One finding of a site, raised so many minutes after `START`."""
    start = START + timedelta(minutes=minutes)
    category, severity = categorise(kind)
    return {
        "finding_id": str(finding_id(TENANT, kind, ScopeKind.SITE, scope, start)),
        "type": kind,
        "scope_kind": "site",
        "scope_id": scope,
        "episode_start": start,
        "dedup_key": dedup_key(kind, ScopeKind.SITE, scope, start),
        "category": str(category),
        "severity": str(severity),
        "state": "new",
        "evidence_state": "provisional",
        "site_id": str(SITE),
        "window_from": start - timedelta(hours=1),
        "window_to": start,
        "detected_at": start,
        "detectable_at": start,
        "confidence": 0.9,
        "message": "Nothing has come from site S1 for 1 h; 1 on duty.",
        "recommended": '[{"order": 1, "do": "Call."}]',
        "policy_version": "1",
        "figures": '{"silent_min": 60.0}',
        **changes,
    }


def rows(*found: dict) -> pl.DataFrame:
    """Findings as a frame of `GIVEN`."""
    return pl.DataFrame([{name: row.get(name) for name in GIVEN} for row in found], schema=SCHEMA)
