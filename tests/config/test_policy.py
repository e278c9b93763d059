"""Policy files are checked before anything relies on them, and say what is wrong where."""

from pathlib import Path

import pytest

from vigia.config.policy import FOLDER, PolicyError, sla_policy


def test_the_default_policy_promises_what_the_handbook_says() -> None:
    targets = {t.code: t for t in sla_policy().targets}
    assert (targets["P1:"].first_response_min, targets["P1:"].resolve_min) == (5, 240)
    assert (targets["P3:"].resolve_min, targets["P3:"].round_the_clock) == (24 * 60, False)
    assert targets["P4:"].resolve_min == 5 * 8 * 60
    assert targets["P4:field_support"].resolve_min == 72 * 60
    assert targets["P1:crisis"].resolve_min is None
    assert all(targets[f"{p}:"].round_the_clock for p in ("P1", "P2"))


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("code: standard", "cod: standard", "cod"),
        ("priority: P2", "priority: P9", "P1"),
        ("resolve_min: 480", "resolve_min: -1", "above 0"),
        ("resolve_min: 480", "resolve: 480", "resolve"),
        ("priority: P2", "priority: P1", "promised twice"),
        ('"08:00", "12:00"', '"12:00", "08:00"', "ends before it starts"),
        ('"08:00", "12:00"', '"8 o clock", "12:00"', "cannot be read"),
        ("  code: business", "  code: business\n  tz: Mars/Base", "IANA"),
        ("targets:", "targets: [", "not YAML"),
    ],
)
def test_a_damaged_policy_file_names_the_file_and_the_fault(
    tmp_path: Path, old: str, new: str, says: str
) -> None:
    path = tmp_path / "sla.yaml"
    path.write_text((FOLDER / "sla.yaml").read_text().replace(old, new, 1))
    with pytest.raises(PolicyError) as caught:
        sla_policy(path)
    assert str(path) in str(caught.value)
    assert says in str(caught.value)


def test_a_missing_policy_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(PolicyError, match=r"nowhere\.yaml"):
        sla_policy(tmp_path / "nowhere.yaml")
