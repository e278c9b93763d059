"""What changes add up to, column by column, is what they add up to one after the other."""

from __future__ import annotations

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from vigia.domain.telemetry.merging import merged

TOLD = st.fixed_dictionaries(
    {"status": st.none() | st.sampled_from("ab"), "count": st.none() | st.integers(0, 2)}
)
CHANGES = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3), TOLD), min_size=1, max_size=12)
SCHEMA = {
    "entity_id": pl.Binary(),
    "event_id": pl.Binary(),
    "event_time": pl.Int64(),
    "content": pl.Struct({"status": pl.String(), "count": pl.Int64()}),
}


@given(CHANGES)
def test_each_thing_is_what_its_changes_say_one_after_the_other(changes) -> None:
    rows = [(bytes([t]), bytes([n]), at, told) for n, (t, at, told) in enumerate(changes)]
    expected: dict[bytes, dict[str, object]] = {}
    for thing, _, at, told in sorted(rows, key=lambda row: (row[2], row[1])):
        known = expected.setdefault(thing, {"first_at": at, "status": None, "count": None})
        known |= {name: value for name, value in told.items() if value is not None}
        known["state_time"] = at
    frame = merged(pl.DataFrame(rows, schema=SCHEMA, orient="row"))
    assert {row.pop("entity_id"): row for row in frame.to_dicts()} == expected
