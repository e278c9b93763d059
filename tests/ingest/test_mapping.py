"""The mapping language: what it accepts, what it explains, and which mapping fits which file."""

from pathlib import Path

import pytest
import yaml

from vigia.domain.dictionary import TABLES
from vigia.domain.errors import VigiaError
from vigia.ingest.mapping import (
    choose_mapping,
    find_mapping,
    placeholders,
    read_mapping,
    resolve,
    shipped,
)

SMALL = {
    "kind": "access",
    "description": "Doors.",
    "event": "vigia.access_event.recorded.v1",
    "source": "doors",
    "identity": "row",
    "time": "at",
    "columns": {"door": "door", "kind": {"from": "what", "values": {"ok": "granted"}}},
}


def written(folder: Path, **changes: object) -> Path:
    path = folder / "doors.yaml"
    given = {k: v for k, v in (SMALL | changes).items() if v is not None}
    path.write_text(yaml.safe_dump(given), encoding="utf-8")
    return path


def test_every_shipped_mapping_is_legal_and_says_what_it_is_for() -> None:
    assert set(shipped()) >= {
        "servicenow_incident_log",
        "access_log",
        "attendance_csv",
        "gps_csv",
        "gpx",
        "plt",
        "traccar",
        "metric_series",
        "reference_sites",
        "reference_people",
        "reference_devices",
    }
    assert all(len(mapping.description) > 20 for mapping in shipped().values())


def test_every_shipped_mapping_maps_only_to_states_of_the_dictionary() -> None:
    for mapping in shipped().values():
        tables = [(mapping.table, mapping.columns)]
        tables += [(TABLES[r.create], r.columns) for r in mapping.reference]
        for table, columns in tables:
            for name, value in columns.items():
                states = table.column(name).states
                given = [*(value.values or {}).values()]
                given += [value.constant] if value.constant is not None else []
                assert not states or set(given) <= set(states), (mapping.name, name)


def test_every_shipped_mapping_gives_what_its_events_require() -> None:
    for mapping in shipped().values():
        required = {c.name for c in mapping.table.columns if c.required}
        given = {*mapping.columns, mapping.table.key[0], mapping.table.time}
        assert required <= given, mapping.name


def test_a_bare_text_is_a_source_column_and_a_list_is_a_choice_of_them(tmp_path: Path) -> None:
    mapping = read_mapping(written(tmp_path, columns={"door": ["door", "gate"], "kind": "what"}))
    assert mapping.columns["door"].columns == ("door", "gate")
    assert mapping.lacking(["at", "gate", "what"]) == []
    assert mapping.lacking(["at", "what"]) == ["door or gate"]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"colums": {}}, "colums: unknown key; did you mean 'columns'?"),
        ({"time": {"form": "at"}}, "time.form: unknown key; did you mean 'from'?"),
        ({"event": "vigia.acess_event.recorded.v1"}, "did you mean 'vigia.access_event"),
        ({"columns": {"dor": "door"}}, "no column 'dor'; did you mean 'door'?"),
        ({"time_zone": "Europe/Nowhere"}, "unknown time zone 'Europe/Nowhere'"),
        ({"columns": {"door": {"from": "a", "constant": "b"}}}, "exactly one of"),
        ({"columns": {"door": {"from": "a", "unit": "knot"}}}, "did you mean 'knots'?"),
        ({"reference": [{"create": "sight", "columns": {}}]}, "did you mean 'site'?"),
        ({"reference": [{"create": "site", "columns": {"name": "a"}}]}, "a site needs its code"),
        ({"kind": "doors"}, "kind: Input should be 'events', 'tickets'"),
        ({"identity": None}, "identity: Field required"),
    ],
)
def test_a_wrong_mapping_is_explained(tmp_path: Path, changes: dict, said: str) -> None:
    with pytest.raises(VigiaError) as caught:
        read_mapping(written(tmp_path, **changes))
    assert said in str(caught.value)
    assert "doors.yaml" in str(caught.value)


@pytest.mark.parametrize(
    ("content", "said"),
    [(b"a: [", "is not YAML"), (b"- a\n- b", "YAML object"), (b"\xff\xfe\x00", "cannot be read")],
)
def test_a_file_that_is_no_mapping_is_told_so(tmp_path: Path, content: bytes, said: str) -> None:
    path = tmp_path / "mine.yaml"
    path.write_bytes(content)
    with pytest.raises(VigiaError, match=said):
        find_mapping(str(path))


def test_yaml_cannot_run_code(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text("kind: !!python/object/apply:os.system ['true']")
    with pytest.raises(VigiaError, match="is not YAML"):
        find_mapping(str(path))


def test_an_unknown_name_is_answered_with_the_nearest_one() -> None:
    with pytest.raises(VigiaError, match="did you mean 'traccar'"):
        find_mapping("tracar")


def test_a_missing_column_is_named_beside_what_the_file_has() -> None:
    with pytest.raises(VigiaError) as caught:
        shipped()["gps_csv"].check_columns(["lat", "lng", "when", "$line"], "walk.csv")
    assert "walk.csv lacks what mapping gps_csv needs: datetime or time" in str(caught.value)
    assert "It has 3 columns: lat, lng, when." in str(caught.value)


@pytest.mark.parametrize(
    ("kind", "suffix", "columns", "name"),
    [
        ("gps", ".csv", ["lat", "lng", "datetime", "uid"], "gps_csv"),
        (
            "gps",
            ".plt",
            ["lat", "lon", "zero", "altitude", "days", "date", "clock", "$file"],
            "plt",
        ),
        ("metrics", ".csv", ["timestamp", "value", "$file"], "metric_series"),
        ("reference", ".csv", ["employee_no", "role", "$modified"], "reference_people"),
        ("reference", ".csv", ["CODE", "Name", "TZ", "$modified"], "reference_sites"),
    ],
)
def test_the_mapping_that_fits_the_columns_is_chosen(
    kind: str, suffix: str, columns: list[str], name: str
) -> None:
    assert choose_mapping(kind, suffix, columns, "file").name == name


def test_a_file_that_fits_no_mapping_is_told_what_each_lacks() -> None:
    with pytest.raises(VigiaError, match="metric_series needs timestamp, value"):
        choose_mapping("metrics", ".csv", ["a", "$file"], "odd.csv")


def test_columns_are_found_exactly_then_in_any_case_then_inside_json() -> None:
    columns = ["Lat", "lat", "Attributes"]
    assert resolve("lat", columns) == "lat"
    assert resolve("LAT", columns) in columns
    assert resolve("attributes.sat", columns) == "Attributes"
    assert resolve("lon", columns) is None


def test_placeholders_may_hold_blanks() -> None:
    assert placeholders("{first name}-{x}") == ["first name", "x"]
