"""Ids of whole columns equal those computed one by one."""

from __future__ import annotations

from uuid import UUID

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from vigia.domain.identity import event_id
from vigia.domain.telemetry.ids import as_uuid, body_hashes, event_ids

TENANT = UUID(int=7)


@settings(deadline=None)
@given(st.lists(st.tuples(st.text(max_size=5), st.text(max_size=5)), max_size=6))
def test_event_ids_equal_those_computed_one_by_one(pairs):
    sources = pl.Series([s for s, _ in pairs], dtype=pl.String)
    names = pl.Series([n for _, n in pairs], dtype=pl.String)
    computed = event_ids(TENANT, sources, names).to_list()
    assert [UUID(bytes=raw) for raw in computed] == [event_id(TENANT, s, n) for s, n in pairs]


def test_an_event_without_source_or_id_has_none():
    computed = event_ids(TENANT, pl.Series(["a", None, "a"]), pl.Series(["1", "1", None]))
    assert computed.null_count() == 2


def test_only_the_usual_spelling_is_a_uuid():
    text = str(UUID(int=5))
    assert as_uuid(text) == UUID(int=5).bytes
    assert as_uuid(text.replace("-", "")) is None
    assert as_uuid(text[:-1] + "g") is None


def test_content_hashes_ignore_column_order_and_empty_columns():
    one = pl.DataFrame({"a": [1, 2], "b": ["x", None]})
    other = pl.DataFrame(
        {"c": [None, None], "b": ["x", None], "a": [1, 2]}, schema_overrides={"c": pl.Int32}
    )
    assert body_hashes(one).to_list() == body_hashes(other).to_list()


def test_values_that_move_between_columns_change_the_hash():
    one = pl.DataFrame({"a": ["x"], "b": ["y"]})
    other = pl.DataFrame({"a": ["y"], "b": ["x"]})
    assert body_hashes(one).to_list() != body_hashes(other).to_list()
