"""Judging event frames: every row becomes a typed row ready to store, or is rejected with a reason.

Nothing here needs the database: whether a thing that an event refers to exists is asked by the
store, set-wise, with the ids this module computed.
"""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

import polars as pl

from vigia.domain.dictionary import Column, ColumnType, Kind, Table
from vigia.domain.identity import tenant_id as id_of_tenant
from vigia.domain.telemetry import clock as clocks
from vigia.domain.telemetry import values
from vigia.domain.telemetry.clock import ClockRule
from vigia.domain.telemetry.frames import AS_TEXT, ENVELOPE
from vigia.domain.telemetry.ids import as_uuid, body_hashes, event_ids
from vigia.domain.telemetry.judgement import Judgement
from vigia.domain.telemetry.reasons import Reason
from vigia.domain.telemetry.shape import merged_extra, payloads, with_envelope

LONGEST_NAME = 512
_HOUSEKEEPING = frozenset({"tenant_id", "extra", "received_at"})
_LOOSE_REFERENCES = {
    # What these name is deliberately not checked: it may come later, or never.
    ("checkpoint_scan", "run_id"): "tour_run",
    ("escalation_event", "run_id"): "escalation_run",
    ("escalation_event", "target_id"): "person",
    ("attendance_event", "assignment_id"): "shift_assignment",
    ("tour_run", "assignment_id"): "shift_assignment",
    ("welfare_check", "assignment_id"): "shift_assignment",
}


@dataclass(frozen=True, slots=True)
class Normalised:
    """An event frame after judgement.

    Attributes:
        accepted: One row per accepted event: `row` (its place in the frame), `line_no`,
            `source`, `source_event_id`, `type`, `event_id`, `body_hash`, `event_time`,
            `received_at`; and for records the table's columns that hold anything, for state
            tables `entity_id`, `site_id` where known, and what the event carried twice: as
            `content` (a struct of typed columns) and as `payload` (the same as JSON). Ids are 16
            bytes, instants UTC.
        references: One column per checked reference, named as the table's column, in the order
            of `accepted`; null where the event names nothing.
        judgement: The verdicts, which the store may add to.
    """

    accepted: pl.DataFrame
    references: pl.DataFrame
    judgement: Judgement


def normalise(
    frame: pl.DataFrame, table: Table, *, tenant_id: UUID, clock: ClockRule
) -> Normalised:
    """Judge the events of one table.

    Args:
        frame: An event frame (`vigia.domain.telemetry.frames`).
        table: The table that its events become.
        tenant_id: Whose events they are.
        clock: How far their times may lie from their arrival.

    Raises:
        ValueError: The table takes no events, or an instant column has no time zone: mistakes
            of the caller, not of the data.
    """
    if not table.verbs:
        raise ValueError(f"no event becomes a row of {table.name}")
    return _Normaliser(frame, table, tenant_id, clock).run()


def reference_target(table: Table, column: Column) -> str:
    """The table whose codes a column of ids may carry."""
    if column.references:
        return column.references
    if column.name == table.key[0]:
        return table.name
    return _LOOSE_REFERENCES.get((table.name, column.name), column.name.removesuffix("_id"))


def checked_references(table: Table) -> tuple[Column, ...]:
    """Columns whose things must exist; a table's references to itself may come in any order."""
    return tuple(c for c in table.columns if c.references and c.references != table.name)


class _Normaliser:
    """The passes over one frame; each leaves typed columns or verdicts behind."""

    def __init__(
        self, frame: pl.DataFrame, table: Table, tenant_id: UUID, clock: ClockRule
    ) -> None:
        self.frame = with_envelope(frame, table)
        self.table = table
        self.tenant_id = tenant_id
        self.clock = clock
        self.judgement = Judgement(self.frame, table)
        self.typed: dict[str, pl.Series] = {}

    def run(self) -> Normalised:
        self._judge_envelope()
        self._judge_tenant()
        for column in self.table.columns:
            self._read(column)
        if self.table.kind is Kind.STATE:
            self._name_entity()
        self._fill_site()
        event_time, received_at = self._judge_time()
        self._judge_required()
        for column in self.table.columns:
            self._judge_value(column)
        self._judge_checks()
        self._keep_unknown()
        return self._result(event_time, received_at)

    # ------------------------------------------------------------------ envelope

    def _judge_envelope(self) -> None:
        for name in ("ce_source", "ce_id", "ce_type"):
            text = self.frame[name]
            self.judgement.reject(text.is_null(), Reason.MISSING_FIELD, name, "is missing")
            self._judge_text(text, LONGEST_NAME)
        self._judge_text(self.frame["ce_subject"], LONGEST_NAME)
        known = self.frame["ce_type"].is_in(self.table.event_types)
        hint = f"and not an event of {self.table.name}"
        self.judgement.reject(~known, Reason.UNKNOWN_TYPE, "ce_type", hint)
        self.event_id = event_ids(self.tenant_id, self.frame["ce_source"], self.frame["ce_id"])

    def _judge_text(self, text: pl.Series, longest: int | None = None) -> None:
        nul = text.str.contains("\0", literal=True)
        self.judgement.reject(nul, Reason.BAD_TEXT, text.name, "with a NUL character")
        if longest is not None:
            hint = f"and longer than {longest} bytes"
            self.judgement.reject(text.str.len_bytes() > longest, Reason.TOO_LARGE, text.name, hint)

    def _judge_json(self, text: pl.Series) -> None:
        nul = text.str.contains("\\u0000", literal=True)
        self.judgement.reject(nul, Reason.BAD_TEXT, text.name, "with a NUL character")

    def _judge_tenant(self) -> None:
        if "tenant_id" not in self.frame.columns:
            return
        named = self.frame["tenant_id"].cast(pl.String)
        mine = {str(self.tenant_id), self.tenant_id.hex}
        ours = [t for t in named.unique().drop_nulls() if id_of_tenant(t) == self.tenant_id]
        wrong = ~named.is_in([*mine, *ours])
        self.judgement.reject(wrong, Reason.WRONG_TENANT, "tenant_id", "and not this tenant")

    # ------------------------------------------------------------------ values

    def _read(self, column: Column) -> None:
        """Put the typed column in place; reject what does not read as its type."""
        if self._is_record_key(column):
            return
        parts = [self._read_sent(column, end) for end in ("", AS_TEXT)]
        found = [part for part in parts if part is not None]
        if not found:
            return
        typed = found[0]
        if len(found) > 1:
            typed = typed.zip_with(typed.is_not_null(), found[1])
        if column.type is ColumnType.JSON:
            self._judge_json(typed)
        elif typed.dtype == pl.String:
            bounded = column.type is ColumnType.UUID or column.name in self.table.natural_key
            self._judge_text(typed, LONGEST_NAME if bounded else None)
        if column.type is ColumnType.UUID and not self._is_key(column):
            target = reference_target(self.table, column)
            typed = values.read_reference(typed, self.tenant_id, target)
        self.typed[column.name] = typed

    def _read_sent(self, column: Column, end: str) -> pl.Series | None:
        """The values that came as the column itself, or beside it as text; None without any."""
        if column.name + end not in self.frame.columns:
            return None
        raw = values.without_blanks(self.frame[column.name + end])
        if raw.null_count() == len(raw):
            return None
        typed = values.read(raw, column) if raw.dtype != pl.Binary else raw
        if typed.null_count() != raw.null_count():
            unreadable = typed.is_null() & raw.is_not_null()
            hint = f"and not {values.EXPECTED[column.type]}"
            self.judgement.reject(unreadable, Reason.BAD_TYPE, column.name, hint)
        return typed.alias(column.name)

    def _is_key(self, column: Column) -> bool:
        return column.name == self.table.key[0]

    def _is_record_key(self, column: Column) -> bool:
        return self.table.kind is Kind.RECORD and self._is_key(column)

    def _judge_required(self) -> None:
        for column in self.table.columns:
            if not column.required or self._is_record_key(column):
                continue
            value = self.typed.get(column.name)
            if value is None:
                everywhere = pl.repeat(True, self.frame.height, eager=True)
                hint = "is missing"
                self.judgement.reject(everywhere, Reason.MISSING_FIELD, column.name, hint)
            elif value.null_count():
                hint = "is missing"
                self.judgement.reject(value.is_null(), Reason.MISSING_FIELD, column.name, hint)

    def _judge_value(self, column: Column) -> None:
        value = self.typed.get(column.name)
        if value is None:
            return
        if column.states:
            hint = f"and not one of {', '.join(column.states)}"
            known = value.is_in(column.states)
            self.judgement.reject(~known, Reason.UNKNOWN_STATE, column.name, hint)
        low, high = column.minimum, column.maximum
        if low is not None:
            hint = f"and below {low:g}"
            self.judgement.reject(value < low, Reason.OUT_OF_RANGE, column.name, hint)
        if high is not None:
            hint = f"and above {high:g}"
            self.judgement.reject(value > high, Reason.OUT_OF_RANGE, column.name, hint)

    def _judge_checks(self) -> None:
        typed = pl.DataFrame(list(self.typed.values()))
        for name, condition in self.table.checks:
            rule = pl.sql_expr(condition)
            if set(rule.meta.root_names()) <= set(typed.columns):
                broken = ~typed.select(rule).to_series()
                hint = f"does not hold: {condition}"
                self.judgement.reject(broken, Reason.BROKEN_RULE, name.replace("_", " "), hint)

    # ------------------------------------------------------------------ identity and place

    def _name_entity(self) -> None:
        """Compute the thing's id from its natural key, its code or its UUID, in this order."""
        key = self.table.key[0]
        target = reference_target(self.table, self.table.column(key))
        given = self.typed.get(key)
        if not self.table.natural_key:
            if given is not None:
                self.typed[key] = values.read_reference(given, self.tenant_id, target)
            return
        natural_name = self.table.natural_key[0]
        natural = self.typed.get(natural_name)
        if given is not None and given.dtype == pl.String:
            codes = _codes_only(given)
            natural = codes if natural is None else natural.zip_with(natural.is_not_null(), codes)
        if natural is None:
            return
        self.typed[natural_name] = natural.alias(natural_name)
        entity = values.read_reference(natural, self.tenant_id, target).alias(key)
        if given is not None:
            asked = values.read_reference(given, self.tenant_id, target)
            hint = f"and not the id of its {natural_name}"
            self.judgement.reject(asked != entity, Reason.ID_MISMATCH, key, hint)
        self.typed[key] = entity

    def _fill_site(self) -> None:
        """Take the site from the envelope's subject where the data name none."""
        subject = self.frame["ce_subject"]
        if subject.null_count() == len(subject):
            self.subject_site = None
            return
        self.subject_site = values.read_reference(subject, self.tenant_id, "site")
        if not any(c.name == "site_id" for c in self.table.columns) or self.table.name == "site":
            return
        given = self.typed.get("site_id")
        filled = (
            self.subject_site
            if given is None
            else given.zip_with(given.is_not_null(), self.subject_site)
        )
        self.typed["site_id"] = filled.alias("site_id")

    # ------------------------------------------------------------------ time

    def _judge_time(self) -> tuple[pl.Series, pl.Series]:
        sent = self._instant("ce_time")
        received = self._instant("received_at")
        event_time = sent
        if self.table.time is not None:
            own = self.typed.get(self.table.time)
            event_time = sent if own is None else own.zip_with(own.is_not_null(), sent)
            if "clock_offset_ms" in self.typed:
                event_time = clocks.repaired(event_time, self.typed["clock_offset_ms"])
            self.typed[self.table.time] = event_time.alias(self.table.time)
        else:
            event_time = sent.zip_with(sent.is_not_null(), received)
        received = received.zip_with(received.is_not_null(), event_time)
        field = self.table.time if self.table.time in self.frame.columns else "ce_time"
        self.judgement.reject(event_time.is_null(), Reason.MISSING_FIELD, str(field), "is missing")
        for reason, judge, hint in (
            (Reason.ABSURD_TIME, clocks.absurd, "by a clock that was not set"),
            (Reason.FROM_THE_FUTURE, clocks.early, "and after its arrival"),
            (Reason.LATE_OVER_72H, clocks.late, "and more than 72 hours before its arrival"),
        ):
            wrong = judge(event_time, received, self.clock)
            self.judgement.reject(wrong, reason, str(field), hint)
        return event_time, received

    def _instant(self, name: str) -> pl.Series:
        raw = values.without_blanks(self.frame[name])
        typed = values.read(raw, Column(name, ColumnType.TIMESTAMP, name))
        unreadable = typed.is_null() & raw.is_not_null()
        hint = f"and not {values.EXPECTED[ColumnType.TIMESTAMP]}"
        self.judgement.reject(unreadable, Reason.BAD_TYPE, name, hint)
        return typed

    # ------------------------------------------------------------------ the rest and the result

    def _keep_unknown(self) -> None:
        """Gather fields that the dictionary does not name into `extra`."""
        own = {c.name + end for c in self.table.columns for end in ("", AS_TEXT)}
        known = own | _HOUSEKEEPING | set(ENVELOPE)
        unknown = [name for name in self.frame.columns if name not in known]
        extra = self.frame["extra"] if "extra" in self.frame.columns else None
        key = self.table.key[0]
        if self.table.kind is Kind.RECORD and key in self.frame.columns:
            unknown.append(key)
        if unknown:
            extra = merged_extra(extra, self.frame.select(unknown))
        if extra is None or extra.null_count() == len(extra):
            return
        self.typed["extra"] = extra.alias("extra")
        self._judge_json(self.typed["extra"])

    def _result(self, event_time: pl.Series, received_at: pl.Series) -> Normalised:
        content = pl.DataFrame(list(self.typed.values()))
        head = pl.DataFrame(
            [
                pl.int_range(self.frame.height, dtype=pl.UInt32, eager=True).alias("row"),
                self.frame["line_no"],
                self.frame["ce_source"].alias("source"),
                self.frame["ce_id"].alias("source_event_id"),
                self.frame["ce_type"].alias("type"),
                self.event_id.alias("event_id"),
                event_time.alias("event_time"),
                received_at.alias("received_at"),
            ]
        )
        good = self.judgement.accepted()
        if not good.all():
            head, content = head.filter(good), content.filter(good)
        stamped = content.with_columns(head["event_time"].alias(".time"), head["type"])
        head = head.with_columns(body_hashes(stamped))
        names = [c.name for c in checked_references(self.table) if c.name in content.columns]
        references = content.select(names)
        if self.table.kind is Kind.RECORD:
            return Normalised(self._record(head, content), references, self.judgement)
        return Normalised(self._change(head, content, good), references, self.judgement)

    def _record(self, head: pl.DataFrame, content: pl.DataFrame) -> pl.DataFrame:
        filled = [s for s in content if s.null_count() < len(s) or len(s) == 0]
        own = [s for s in filled if s.name not in head.columns]
        key = head["event_id"].alias(self.table.key[0])
        return head.with_columns(key, *own)

    def _change(self, head: pl.DataFrame, content: pl.DataFrame, good: pl.Series) -> pl.DataFrame:
        site = content["site_id"] if "site_id" in content.columns else None
        if site is None and self.subject_site is not None:
            site = self.subject_site.filter(good)
        key = self.table.key[0]
        entity = content[key] if key in content.columns else pl.Series(key, [], pl.Binary)
        extra = [] if site is None else [site.alias("site_id")]
        typed = content.to_struct("content")
        payload = payloads(content, self.table)
        return head.with_columns(entity.alias("entity_id"), typed, payload, *extra)


def _codes_only(given: pl.Series) -> pl.Series:
    codes = [None if text is None or as_uuid(text) else text for text in given.to_list()]
    return pl.Series(given.name, codes, dtype=pl.String)
