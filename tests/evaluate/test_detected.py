"""The product on a simulated stream: the same whichever way the instants are taken."""

from __future__ import annotations

from datetime import timedelta

import polars as pl
import pytest

from tests.evaluate.conftest import SMALL
from vigia.domain.findings.detect import detect
from vigia.domain.findings.known import KNOWN
from vigia.domain.findings.pattern import Pattern
from vigia.domain.findings.patterns import PATTERNS
from vigia.domain.watch.facts import Facts
from vigia.domain.watch.moments import Moments
from vigia.evaluate.detected import day, episodes
from vigia.evaluate.facts import read_facts
from vigia.simulator.emit.files import read_manifest

FIVE_MINUTES = timedelta(minutes=5)


@pytest.fixture(scope="module")
def facts(small_world) -> Facts:
    (tenant,) = read_manifest(small_world)["tenants"]
    return read_facts(small_world / tenant["slug"])


def _in_order(found: pl.DataFrame) -> pl.DataFrame:
    return found.sort("type", "scope_kind", "scope_id", "detected_at")


@pytest.mark.parametrize("pattern", PATTERNS, ids=lambda pattern: pattern.code)
def test_audits_one_by_one_find_what_one_run_over_all_of_them_finds(facts, pattern):
    start = day(SMALL.test_us) + timedelta(hours=6)
    whole = episodes(facts, FIVE_MINUTES, start, start + timedelta(hours=1), [pattern])
    going, done = None, []
    for number in range(12):
        at = start + (number + 1) * FIVE_MINUTES
        found = detect(facts, Moments.of(at), going, [pattern])
        done.append(found.filter(pl.col("cleared_at").is_not_null()))
        going = found.filter(pl.col("cleared_at").is_null())
    assert going is not None
    one_by_one = pl.concat([*done, going])
    columns = [name for name in whole.columns if name != "inhibited_by"]
    assert _in_order(one_by_one).select(columns).equals(_in_order(whole).select(columns))


@pytest.mark.parametrize("pattern", PATTERNS, ids=lambda pattern: pattern.code)
def test_what_arrives_after_an_instant_changes_nothing_of_it(facts, pattern):
    until = day(SMALL.test_us) + timedelta(hours=20)
    then = Facts(
        facts.tenant_id,
        {
            name: frame.filter(pl.col("received_at") <= until)
            for name, frame in facts.frames.items()
        },
    )
    start = until - timedelta(hours=4)
    now = episodes(facts, FIVE_MINUTES, start, until, [pattern])
    before = episodes(then, FIVE_MINUTES, start, until, [pattern])
    columns = [name for name in now.columns if not name.startswith("evidence_")]
    assert _in_order(now).select(columns).equals(_in_order(before).select(columns))


def test_every_pattern_raises_known_types_of_findings():
    assert {kind for pattern in PATTERNS for kind in pattern.kinds} <= set(KNOWN)
    assert len({pattern.code for pattern in PATTERNS}) == len(PATTERNS)


def test_a_policy_is_changed_by_name_and_nonsense_is_refused():
    pattern: Pattern = PATTERNS[0]
    assert pattern.with_policy({"window_min": 45}).policy.window_min == 45
    for changes in ({"colour": 1}, {"window_min": "long"}, {"window_min": -1}):
        with pytest.raises(Exception, match="K01"):
            pattern.with_policy(changes)
