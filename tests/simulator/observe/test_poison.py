"""What a receiver has to put aside is listed, each with its reason, and nothing else is."""

from collections import Counter
from datetime import UTC, datetime

import orjson
import polars as pl
import pytest

from tests.simulator.devices.small import HOUR_US, duties_of, shard_of, with_knobs, world_of
from tests.simulator.observe.travel import beside, scans, telemetry
from vigia.domain.dictionary import TABLES
from vigia.domain.identity import reference_id, tenant_id
from vigia.domain.telemetry.clock import ClockRule
from vigia.domain.telemetry.normalise import normalise
from vigia.domain.telemetry.reasons import Reason
from vigia.ingest.envelope import parse_events
from vigia.simulator.effects import Effect
from vigia.simulator.observe.observe import observe
from vigia.simulator.observe.poison import HOSTILE, WAYS, cloud_event

TENANT = tenant_id("sentinel")
CLOCK = ClockRule(now=datetime(2027, 1, 1, tzinfo=UTC))
WORLD = with_knobs(world_of(60, days=4, test_days=3), clock_error=6.0)


def known(world):
    """Ids of everything that exists, by table; codes of checkpoints are taken as they come."""
    codes = {"site": world.sites["code"], "device": world.devices["code"]}
    codes["person"] = world.people["code"]
    codes["checkpoint"] = pl.Series(["S0001-C01"])
    return {t: {reference_id(TENANT, t, c).bytes for c in codes[t]} for t in codes}


def judged(frames, world):
    """What the product puts aside of some frames: (source, id, reason) of each."""
    exists = known(world)
    aside = []
    for table, frame in frames.items():
        shown = frame.select(n for n in frame.columns if not n.startswith("_"))
        result = normalise(shown, TABLES[table], tenant_id=TENANT, clock=CLOCK)
        bad = result.judgement.rejected()
        aside += bad.select("source", "source_event_id", "reason_code").rows()
        unknown: dict[int, Reason] = {}
        for column in result.references:
            target = TABLES[table].column(column.name).references
            missing = ~column.is_in(list(exists[target])) & column.is_not_null()
            reason = Reason.UNKNOWN_SITE if target == "site" else Reason.UNKNOWN_REFERENCE
            for row in missing.arg_true():
                unknown.setdefault(row, reason)
        names = result.accepted.select("source", "source_event_id").rows()
        aside += [(*names[row], reason.value) for row, reason in unknown.items()]
    return aside


def put_aside(seen, world):
    """What the product puts aside of everything that arrives, read as it would be."""
    frames = {table: frame for table, (frame,) in seen.items() if table != "_raw"}
    aside = judged(frames, world)
    if "_raw" in seen:
        lines = [line.encode() for line in seen["_raw"][0]["line"]]
        parsed = parse_events(lines, received_at=None)
        aside += parsed.rejected.select("source", "source_event_id", "reason_code").rows()
        aside += judged(parsed.frames, world)
    return Counter(aside)


def listed(poison):
    return Counter(poison.select("source", "source_event_id", "reason_code").rows())


def events_of(shard):
    ended = {"run_id": pl.col("ce_id"), "ended_at": pl.col("ce_time")}
    return (
        telemetry(shard)
        | scans(shard)
        | beside(shard, "tour_run", "phone", verb="completed", **ended)
        | beside(shard, "access_event", "access", kind=pl.lit("granted"))
    )


@pytest.mark.parametrize("day", [0, 3])
def test_the_list_is_exactly_what_the_product_puts_aside(day):
    start = duties_of(WORLD, day)["starts_us"][0]
    effects = [
        (Effect.NETWORK_DOWN, 3, start, start + 5 * HOUR_US, 0.0, -1),
        (Effect.CLOCK_OFF, 8, start, start + 7 * HOUR_US, 300.0, 1),
    ]
    shard = shard_of(WORLD, day=day, effects=effects)
    seen, poison = observe(shard, events_of(shard))
    assert put_aside(seen, WORLD) == listed(poison)
    reasons = set(poison["reason_code"])
    assert reasons >= {"from_the_future", "malformed", "not_an_event", "bad_type"}
    assert ("unknown_state" in poison.filter(kind="schema_drift")["reason_code"]) == (day == 3)
    assert set(poison["tenant"]) == {"sentinel"}


def test_clocks_that_nobody_set_are_listed_too():
    world = with_knobs(world_of(30), clock_error=300.0)
    shard = shard_of(world)
    seen, poison = observe(shard, events_of(shard))
    assert put_aside(seen, world) == listed(poison)
    clocks = Counter(poison.filter(kind="clock")["reason_code"])
    assert set(clocks) == {"absurd_time", "from_the_future", "late_over_72h"}


def test_half_a_thousandth_of_the_stream_is_spoiled():
    world = with_knobs(world_of(150), clock_error=0.0)
    shard = shard_of(world)
    seen, poison = observe(shard, telemetry(shard))
    (lines,) = seen["_raw"]
    total = sum(frame.height for (frame,) in seen.values())
    assert lines.height / total == pytest.approx(0.0005, rel=0.3)
    assert lines["line"].str.ends_with("\n").all()
    assert lines["line"].str.count_matches("\n", literal=True).max() == 1
    assert poison.height == lines.filter(pl.col("reason_code").is_not_null()).height
    harmless = lines.filter(pl.col("kind") == "hostile_note")
    assert harmless["reason_code"].null_count() == harmless.height > 0
    assert lines.filter(pl.col("kind") == "huge")["line"].str.len_bytes().min() > 64 * 1024


@pytest.mark.parametrize(
    ("table", "way"),
    [(t, w) for t, ways in WAYS.items() for w in ways],
    ids=lambda v: getattr(v, "kind", v),
)
def test_every_way_to_spoil_an_event_gives_its_reason(table, way):
    world = world_of(1)
    (frame,) = observe(shard_of(world), telemetry(shard_of(world)))[0][table]
    row = frame.row(3, named=True)
    for number in range(len(HOSTILE) + 3):
        event = cloud_event(row)
        line = way.spoil(event, number)
        text = orjson.dumps(event).decode() if line is None else line
        aside = put_aside({"_raw": [pl.DataFrame({"line": [text]})]}, world)
        found = [reason for *_, reason in aside]
        assert found == ([way.reason] if way.reason else []), text[:200]


def test_a_world_without_wrong_clocks_and_poison_has_an_empty_list():
    world = with_knobs(world_of(1), clock_error=0.0)
    shard = shard_of(world, sites=[0])
    events = {"phone_event": telemetry(shard)["phone_event"]}
    seen, poison = observe(shard, events)
    assert put_aside(seen, world) == listed(poison) == Counter()
    assert observe(shard, {})[1].is_empty()
