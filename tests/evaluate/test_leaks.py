"""The column audit: nothing in a stream tells what was planned, but what it would tell in life.

Planned are the injected episodes and all traps. What an event *means* may differ there, and must, or
nothing could be found. What may not differ is its form: names of fields, letters and lengths of ids
and codes, numbers in them, the grain of times.
"""

from __future__ import annotations

import re
from datetime import timedelta

import numpy as np
import orjson
import polars as pl
import pyarrow as pa
import pytest

from vigia.domain.dictionary import EVENT_TYPES, TABLES
from vigia.evaluate.truth import read_truth
from vigia.simulator.effects import Effect
from vigia.simulator.emit.files import read_manifest

DRIFT = {"device_heartbeat": {"thermal_state"}}
"""Fields of the new release of the app that no dictionary names."""
HOSTILE = {"note"}
"""A field that nobody names, for texts that mean harm."""
ENVELOPE = {"specversion", "id", "source", "type", "subject", "time", "receivedtime", "data"}
LONG = timedelta(hours=12)
"""What is planned for longer than this covers too much to tell anything apart."""
ENOUGH = 30
ONLY_THEN = {
    "vigia.panic_event": "nobody calls for help by chance: every call is an episode or a trap",
}
"""Kinds of events that exist for what was planned alone, and why that is no secret."""
_FORM = ("kind", "site", "time", "shapes", "number", "whole", "fields")
_DIGITS = re.compile(r"\d+")
_HASH = re.compile(r"[0-9a-f]{32,}")


@pytest.fixture(scope="module")
def stream(small_world):
    """The text of the whole stream, reference data included, as it lies on disk."""
    paths = sorted(small_world.glob("*/events/*.zst"))
    return b"".join(pa.input_stream(str(p), compression="zstd").read() for p in paths)


@pytest.fixture(scope="module")
def told(stream, small_world):
    """Every event that is whole and no poison, as an object."""
    bad = read_truth(small_world).tables["gt_poison"]
    poison = set(bad.select("source", "source_event_id").iter_rows())
    found = []
    for line in stream.splitlines():
        if line.startswith(b'{"specversion":"1.0"') and line.endswith(b"}}"):
            event = orjson.loads(line)
            if event.get("type") in EVENT_TYPES and _is_sound(event):
                found.append(event)
    sound = [event for event in found if (event["source"], event["id"]) not in poison]
    assert len(sound) > 50_000
    return sound


def _is_sound(event):
    return all(isinstance(event.get(n), str) for n in ("id", "source", "time", "receivedtime"))


@pytest.fixture(scope="module")
def forms(told, small_world):
    """One row per event: what it is of, its form, and whether something was planned there then."""
    rows = [_form(event) for event in told]
    frame = pl.DataFrame(rows, _FORM, orient="row")
    instant = pl.col("time").str.to_datetime(time_zone="UTC", time_unit="us", strict=False)
    frame = frame.with_columns(instant).drop_nulls("time").with_row_index("row")
    config = read_manifest(small_world)["config"]
    start = pl.lit(config["start_on"]).str.to_datetime(time_zone="UTC", time_unit="us")
    learnt = pl.col("time") < start.dt.offset_by(f"{config['learn_days']}d")
    marked = pl.col("row").is_in(_inside(frame, _planned(small_world)).to_list())
    return frame.with_columns(learnt=learnt, planned=marked)


def _form(event):
    """What can be seen of an event without understanding it."""
    table, source = event["type"].split(".")[1], event["source"].partition("/")[0]
    kind = f"{event['type']} of {source}"
    # Phones number by start of the app: letters and digits at random.
    own = "" if table in ("gps_fix", "device_heartbeat", "phone_event") else _shape(event["id"])
    codes = {
        n: _shape(v)
        for n, v in event["data"].items()
        if n.endswith("_id") and n != "boot_id" and isinstance(v, str)
    }
    shapes = "; ".join([own, *(f"{n} {shape}" for n, shape in sorted(codes.items()))])
    numbers = _DIGITS.findall(event["id"])
    number = int(numbers[-1]) % 1_000_000 if numbers and own else -1
    whole, fields = (
        event["time"].endswith(".000Z"),
        " ".join(sorted(set(event["data"]) - DRIFT.get(table, set()) - HOSTILE)),
    )
    return kind, event.get("subject"), event["time"], shapes, number, whole, fields


def _shape(text):
    return _DIGITS.sub("0", _HASH.sub("#", text))


def _planned(world):
    """Site, start and end of everything that was planned."""
    truth = read_truth(world)
    episodes = truth.episodes.filter(cause="injected").select("site", since="onset", until="end")
    traps = truth.traps.select("site", since="from", until="to")
    spans = pl.concat([episodes, traps]).drop_nulls()
    return spans.filter(pl.col("until") - pl.col("since") <= LONG)


def _inside(frame, spans):
    near = frame.join(spans, on="site")
    hit = near.filter(pl.col("time").is_between("since", "until"))
    return hit["row"].unique()


def test_events_have_no_field_beyond_the_dictionary_and_the_announced_drift(told):
    for event in told:
        table = event["type"].split(".")[1]
        known = (
            {column.name for column in TABLES[table].all_columns}
            | DRIFT.get(table, set())
            | HOSTILE
        )
        assert set(event) <= ENVELOPE
        assert set(event["data"]) <= known, event


def test_no_name_of_the_truth_occurs_in_the_stream(stream, small_world):
    truth = read_truth(small_world)
    names = {*truth.episodes["episode"], *truth.traps["trap"]}
    assert len(names) > 50
    words = {*truth.traps["kind"], *truth.episodes["subtype"], *(effect.value for effect in Effect)}
    # What the dictionary itself calls a state may be said of anything.
    words -= {state for t in TABLES.values() for column in t.columns for state in column.states}
    quoted = [f'"{word}"' for word in names | {word for word in words if word and "_" in word}]
    lines = pl.Series(stream.decode(errors="replace").split("\n"))
    told = lines.str.contains_any([*quoted, "gt_", "injected", "episode", '"trap'])
    assert not lines.filter(told).to_list()


def test_ids_and_codes_look_as_before_anything_was_made_to_happen(forms):
    before = forms.filter("learnt").select("kind", "shapes").unique()
    known = before.select("kind").unique()
    after = forms.filter(~pl.col("learnt")).join(known, on="kind", how="semi")
    new = after.join(before, on=["kind", "shapes"], how="anti")
    counts = new.group_by("kind", "shapes").len().filter(pl.col("len") >= 5)
    # One field less or more may mean something; another letter or length never does.
    seen = {word for shapes in before["shapes"] for word in _words(shapes)}
    strange = [row for row in counts.iter_rows() if _words(row[1]) - seen]
    assert not strange


def _words(shapes):
    return set(shapes.split("; "))


def test_no_event_and_no_set_of_fields_first_comes_when_something_is_made_to_happen(forms):
    by = forms.group_by("kind", "fields").agg(pl.len(), pl.col("learnt").any())
    new = by.filter(~pl.col("learnt") & (pl.col("len") >= 8))["kind"].to_list()
    assert not [kind for kind in new if not kind.startswith(tuple(ONLY_THEN))]


def test_the_numbers_of_ids_do_not_tell_what_was_planned(forms):
    """As large, and as spread, inside of what was planned as outside of it."""
    numbered = forms.filter((pl.col("number") >= 0) & ~pl.col("learnt"))
    off = {}
    for (kind,), group in numbered.group_by("kind"):
        here, there = (group.filter(planned=p)["number"].to_numpy() for p in (True, False))
        if min(len(here), len(there)) >= ENOUGH:
            beyond = (here > 2 * there.max() + 10).mean()
            if beyond > 0.02:
                off[kind] = beyond
    assert not off


def test_times_have_the_same_grain(forms):
    off = {}
    for (kind,), group in forms.filter(~pl.col("learnt")).group_by("kind"):
        here, there = (group.filter(planned=p)["whole"] for p in (True, False))
        if min(len(here), len(there)) >= ENOUGH:
            expected = there.mean()
            spread = np.sqrt((expected * (1 - expected) + 0.01) * (1 / len(here) + 1 / len(there)))
            if abs(here.mean() - expected) > 0.02 + 5 * spread:
                off[kind] = (here.mean(), expected)
    assert not off


def test_a_classifier_that_sees_only_the_form_of_events_guesses(forms):
    """Learnt on half of the sites by how often each form was planned there, tried on the others."""
    form = pl.struct("shapes", "whole", pl.col("number") // 100).hash().alias("form")
    frame = forms.filter(~pl.col("learnt")).with_columns(form)
    half = pl.col("site").str.contains(r"[02468]$")
    taught = (
        frame.filter(half)
        .group_by("kind", "form")
        .agg(score=(pl.col("planned").sum() + 1) / (pl.len() + 2))
    )
    tried = frame.filter(~half).join(taught, on=["kind", "form"], how="left")
    telling = {}
    for (kind,), group in tried.with_columns(pl.col("score").fill_null(0.5)).group_by("kind"):
        area, spread = _area(group["score"].to_numpy(), group["planned"].to_numpy())
        # Events come in bunches, so there is less to them than their number.
        if spread and abs(area - 0.5) > 0.1 + 5 * spread:
            telling[kind] = area
    assert not telling


def _area(score, positive):
    """Area under the curve of a score, and its deviation by chance; 0 for too few to say."""
    count, rest = int(positive.sum()), int((~positive).sum())
    if min(count, rest) < ENOUGH:
        return 0.5, 0.0
    ranks = pl.Series(score).rank().to_numpy()
    area = (ranks[positive].sum() - count * (count + 1) / 2) / (count * rest)
    return area, np.sqrt((count + rest + 1) / (12 * count * rest))
