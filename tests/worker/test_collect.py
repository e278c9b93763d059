"""Evidence is read from stored rows, names them, and says nothing that had not arrived by then."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from itertools import chain
from time import perf_counter
from uuid import UUID, uuid5

import pytest

from tests.databases import copied
from tests.worker.conftest import LoadedWorld
from vigia.domain.dictionary import table
from vigia.domain.findings.evidence import EVIDENCE
from vigia.domain.findings.redaction import FIELDS, HIDDEN, class_of, redacted
from vigia.store.collect import MOST, SOURCES, Wanted, collect
from vigia.store.connection import Database, Role
from vigia.store.finding_evidence import Evidence

NAMESPACE = UUID(int=7)


@pytest.fixture(scope="module")
def company(loaded_world: LoadedWorld) -> Iterator[Database]:
    with copied(loaded_world.database) as database:
        yield database


def wanted(company: Database, world: LoadedWorld, number: int = 0, **changes: object) -> Wanted:
    """A finding of a site, at noon of the first day, that asks for everything."""
    with company.connect() as admin:
        sites = admin.execute("SELECT site_id::text FROM ops.site ORDER BY code").fetchall()
    at = world.first + timedelta(hours=12)
    known = {
        "finding": uuid5(NAMESPACE, str(number)),
        "kinds": frozenset(SOURCES),
        "site_id": sites[number % len(sites)][0],
        "person_id": None,
        "device_id": None,
        "window_from": at - timedelta(hours=2),
        "detected_at": at,
        "figures": {"minutes without a sign": 61.5},
    }
    return Wanted(**(known | changes))  # type: ignore[arg-type]


def collected(company: Database, world: LoadedWorld, *findings: Wanted) -> list[Evidence]:
    with company.transaction(Role.WORKER) as connection:
        return collect(connection, world.tenant, findings)


@pytest.fixture(scope="module")
def everything(company: Database, loaded_world: LoadedWorld) -> list[Evidence]:
    return collected(company, loaded_world, *(wanted(company, loaded_world, n) for n in range(3)))


def test_every_kind_is_known_and_reads_columns_that_there_are() -> None:
    assert set(SOURCES) <= set(EVIDENCE)
    for source in chain.from_iterable(SOURCES.values()):
        own = {column.name for column in table(source.table).all_columns}
        assert {each.partition(":")[0] for each in source.columns.split()} <= own, source
        assert source.time in own
        assert "site_id" in own


def test_every_field_of_it_is_classified_so_that_somebody_can_see_it() -> None:
    for source in chain.from_iterable(SOURCES.values()):
        names = [each.partition(":")[2] or each for each in source.columns.split()]
        assert all(class_of(name) for name in names), source
        assert source.listed in FIELDS, source


def test_every_row_that_evidence_names_is_stored(
    company: Database, everything: list[Evidence]
) -> None:
    named = 0
    with company.connect() as admin:
        for piece in everything:
            for name, keys in piece.refs.items():
                key = table(name).key[0]
                query = f"SELECT count(*) FROM ops.{name} WHERE {key} = ANY(%s::uuid[])"
                assert admin.execute(query, [list(keys)]).fetchone() == (len(keys),)
                named += len(keys)
    assert named > 200


def test_the_newest_rows_are_kept_and_all_are_counted(everything: list[Evidence]) -> None:
    beats = [piece.snapshot for piece in everything if piece.kind == "heartbeats"]
    assert max(piece["count"] for piece in beats) > MOST
    assert all(len(piece["samples"]) == min(piece["count"], MOST) for piece in beats)


def test_most_kinds_show_something(everything: list[Evidence]) -> None:
    shown = {piece.kind for piece in everything if piece.snapshot.get("count")}
    assert len(shown) > len(SOURCES) * 2 / 3, set(SOURCES) - shown


def test_nothing_that_arrived_after_the_detection_is_evidence(
    company: Database, loaded_world: LoadedWorld
) -> None:
    kinds = frozenset({"fixes", "trail"})
    asked = [wanted(company, loaded_world, n, kinds=kinds) for n in range(3)]
    keys = [key for piece in collected(company, loaded_world, *asked) for key in _fixes(piece)]
    at = asked[0].detected_at
    with company.connect() as admin:
        late = admin.execute(
            "SELECT count(*) FROM ops.gps_fix WHERE fix_id = ANY(%s::uuid[]) AND"
            " (received_at > %s OR fix_time > %s)",
            [keys, at, at],
        ).fetchone()
    assert keys
    assert late == (0,)


def _fixes(piece: Evidence) -> list[str]:
    return list(piece.refs.get("gps_fix", ()))


def test_evidence_of_a_person_is_of_nobody_else(
    company: Database, loaded_world: LoadedWorld
) -> None:
    with company.connect() as admin:
        site, person = admin.execute(
            "SELECT site_id::text, person_id::text FROM ops.gps_fix WHERE person_id IS NOT NULL"
            " AND fix_time BETWEEN %s AND %s LIMIT 1",
            [loaded_world.first + timedelta(hours=10), loaded_world.first + timedelta(hours=12)],
        ).fetchone() or (None, None)
    asked = wanted(
        company, loaded_world, kinds=frozenset({"trail"}), site_id=site, person_id=person
    )
    (trail,) = (p for p in collected(company, loaded_world, asked) if p.kind == "trail")
    with company.connect() as admin:
        others = admin.execute(
            "SELECT count(*) FROM ops.gps_fix WHERE fix_id = ANY(%s::uuid[])"
            " AND person_id IS DISTINCT FROM %s::uuid",
            [_fixes(trail), person],
        ).fetchone()
    assert trail.snapshot["count"] > 0
    assert others == (0,)


def test_a_finding_shows_its_own_numbers(everything: list[Evidence]) -> None:
    own = next(piece for piece in everything if piece.kind == "finding")
    seen = redacted("finding", own.snapshot, "technician")
    assert HIDDEN not in str(seen)
    assert seen["samples"][0]["observed"] == 61.5


def test_evidence_of_a_finding_is_collected_within_its_time(
    company: Database, loaded_world: LoadedWorld
) -> None:
    """U04: 200 ms a finding, here for every kind there is."""
    asked = [wanted(company, loaded_world, n) for n in range(10)]
    collected(company, loaded_world, *asked)
    begun = perf_counter()
    collected(company, loaded_world, *asked)
    assert (perf_counter() - begun) / len(asked) < 0.2


def test_nothing_is_asked_of_the_database_for_no_finding(
    company: Database, loaded_world: LoadedWorld
) -> None:
    assert collected(company, loaded_world) == []
