"""Runbook files are refused with a text that says what is wrong and where."""

from __future__ import annotations

import pytest

from vigia.config.runbooks import product_runbooks, read_runbook
from vigia.domain.errors import VigiaError

FRONT = {
    "id": "R90",
    "finding_type": "DOOR_STUCK",
    "category": "SECURITY",
    "severity": "HIGH",
    "title": "Door stuck",
    "owner": "controller",
    "escalate_after_min": "15",
    "escalate_to": "[supervisor]",
    "evidence_required": "[access_events]",
    "done_when": "The door closes.",
    "auto_actions": "[]",
    "version": "1",
}
STEPS = ["1. Look at it.", "2. Close it.", "3. Guard it.", "4. Write it down."]
GENERIC = {"id": "R91", "finding_type": "GENERIC", "category": "OPERATIONAL", "severity": "MEDIUM"}


def text(steps=STEPS, purpose="A door does not close.", **changed) -> str:
    front = {key: value for key, value in (FRONT | changed).items() if value is not None}
    lines = [f"{key}: {value}" for key, value in front.items()]
    return "\n".join(["---", *lines, "---", "", purpose, "", "## Steps", "", *steps, ""])


def action(name="notify_person", does="message the guard", mode="auto") -> str:
    return f"[{{action: {name}, does: {does}, highest_mode: {mode}}}]"


def test_a_runbook_reads_as_it_is_written():
    steps = ["1. Look at it,", "   from near by.", *STEPS[1:]]
    found = read_runbook(text(steps, auto_actions=action(mode="approve"), also_for="[DOOR_OPEN]"))
    assert found.steps == ("Look at it, from near by.", "Close it.", "Guard it.", "Write it down.")
    assert found.purpose == "A door does not close."
    assert found.front.types == ("DOOR_STUCK", "DOOR_OPEN")
    assert found.front.auto_actions[0].highest_mode == "approve"


def test_line_ends_and_marks_of_other_editors_change_nothing():
    plain = read_runbook(text())
    assert read_runbook("\ufeff" + text().replace("\n", "\r\n")) == plain


@pytest.mark.parametrize(
    ("written", "says"),
    [
        ("# No front matter", "a runbook begins with front matter between two lines of ---"),
        (text(title=None), "title: Field required"),
        (text(colour="red"), "colour: Unexpected keyword"),
        (text(severity="BAD"), "severity: Input should be 'INFO', 'LOW'"),
        (text(owner="boss"), "owner: Input should be 'controller'"),
        (text(escalate_after_min="'15'"), "escalate_after_min: Input should be a valid integer"),
        (text(escalate_after_min="-1"), "escalate_after_min counts from 0"),
        (text(version="0"), "version from 1"),
        (text(version="true"), "version: Input should be a valid integer"),
        (text(escalate_to="[]"), "escalate_to names at least one role"),
        (text(escalate_to="[supervisor, supervisor]"), "and each once"),
        (text(evidence_required="[]"), "evidence_required names at least one"),
        (
            text(evidence_required="[tea_leaves]"),
            "no such evidence: tea_leaves; there is: activity",
        ),
        (text(done_when="' '"), "done_when is empty"),
        (text(id="r 90"), "id 'r 90': capitals, digits and hyphens"),
        (text(finding_type="door stuck"), "not spelled as a type of finding: DOOR_STUCK"),
        (text(finding_type="SLA_BREACH"), "SLA_BREACH is OPERATIONAL, not SECURITY"),
        (text(auto_actions=action("send_drone")), "'send_drone' is not on the allow-list: notify"),
        (text(auto_actions=action(does="' '")), "say in `does` what exactly is done"),
        (text(auto_actions=action(mode="always")), "Input should be 'observe', 'suggest'"),
        (text(id="[R90"), "the front matter is not plain YAML"),
        (text(done_when="2026-03-01"), "the front matter is not plain YAML"),
        (text(id="!!python/name:os.system"), "the front matter is not plain YAML"),
        (text(STEPS[:3]), "R90 has 3 steps; 4 to 7 are what a person can follow"),
        (text([f"{n}. Do it." for n in range(1, 9)]), "R90 has 8 steps"),
        (text([*STEPS[:2], "4. Guard it.", STEPS[3]]), "step 4 follows step 2: number from 1"),
        (text([*STEPS, "And lock up."]), "the steps end a runbook, but this follows: 'And lock"),
        (text(purpose=""), "say above the steps what is the matter"),
        (text(["1. Call Asha Rao.", *STEPS[1:]]), "holds personal data (name) in 'Call Asha Rao.'"),
        (text(purpose="Ring +44 20 7946 0000."), "holds personal data (phone)"),
    ],
)
def test_what_cannot_be_relied_on_is_refused(written, says):
    with pytest.raises(VigiaError) as refused:
        read_runbook(written, "door.md")
    message = str(refused.value)
    assert says in message
    assert message.startswith("door.md: ")
    assert message.endswith("Correct it and try again.")


@pytest.mark.parametrize(
    ("forbidden", "why"),
    [
        ("call_emergency_services", "calling emergency services is never automatic"),
        ("dispatch_person", "sending a person anywhere is never automatic"),
        ("discipline_person", "discipline is never automatic"),
        ("change_pay", "anything about pay is never automatic"),
        ("unlock", "unlocking anything is never automatic"),
        ("disable", "disabling anything is never automatic"),
        ("close_finding", "one about safety is closed by people alone"),
    ],
)
def test_what_a_person_must_do_is_refused_as_an_automatic_action(forbidden, why):
    with pytest.raises(VigiaError, match=why):
        read_runbook(text(auto_actions=action(forbidden)))


@pytest.fixture
def shelf(tmp_path):
    def put(written, name="a.md", folder="security"):
        (tmp_path / folder).mkdir(exist_ok=True)
        (tmp_path / folder / name).write_bytes(
            written if isinstance(written, bytes) else written.encode()
        )

    put(text(**GENERIC), "generic.md", "operational")
    return put


def test_a_folder_is_read_in_order_of_id(shelf, tmp_path):
    shelf(text(id="R95", finding_type="LATER"), "a.md")
    shelf(text(), "b.md")
    assert [found.id for found in product_runbooks(tmp_path)] == ["R90", "R91", "R95"]


@pytest.mark.parametrize(
    ("written", "folder", "says"),
    [
        (text(), "safety", "SECURITY belongs in the folder security"),
        (b"\xff\xfe", "security", "cannot read the runbook"),
        (text(**GENERIC | {"id": "R92"}), "operational", "R91 and R92 both claim GENERIC"),
        (
            text(**GENERIC | {"finding_type": "OTHER"}),
            "operational",
            "two runbooks have the id R91",
        ),
        (text(version="0"), "security", "new.md"),
    ],
)
def test_a_folder_with_one_bad_runbook_is_refused(shelf, tmp_path, written, folder, says):
    shelf(written, "new.md", folder)
    with pytest.raises(VigiaError, match=says):
        product_runbooks(tmp_path)


def test_a_folder_without_a_generic_runbook_or_without_any_is_refused(tmp_path):
    with pytest.raises(VigiaError, match="there are no runbooks under"):
        product_runbooks(tmp_path)
    (tmp_path / "security").mkdir()
    (tmp_path / "security" / "a.md").write_text(text())
    with pytest.raises(VigiaError, match="no runbook for GENERIC"):
        product_runbooks(tmp_path)
