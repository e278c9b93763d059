"""The frames that events travel in, from whatever read them to whatever stores them.

An *event frame* holds events of one table: the envelope's columns below, and any of the
table's columns under their dictionary names, in any Polars type that can be read as the
column's own (text is parsed; native types are taken as they are). Where a column of numbers also
came as something else, that is beside it, as text (`AS_TEXT`). Columns that neither names are kept
as sent, in `extra`.
"""

from __future__ import annotations

import polars as pl

INSTANT = pl.Datetime("us", "UTC")

ENVELOPE = pl.Schema(
    {
        "line_no": pl.Int64(),
        "ce_source": pl.String(),
        "ce_id": pl.String(),
        "ce_type": pl.String(),
        "ce_subject": pl.String(),
        "ce_time": INSTANT,
        "received_at": INSTANT,
        "raw": pl.String(),
    }
)
"""Columns of the envelope.

* `line_no`: position in the file or request, from 1.
* `ce_source`, `ce_id`: identity of the event in the tenant; both required.
* `ce_type`: one of the table's event types. May be left out when the table has only one.
* `ce_subject`: code of the site it concerns; fills `site_id` where the data have none.
* `ce_time`: when it happened (RFC 3339 text or an instant). Fills the table's time column
  where the data have none; orders the changes of a thing.
* `received_at`: when it arrived. Null or left out means at `ce_time`, or the table's own time:
  a history that does not say it arrived as it happened. Only importing code may leave it out.
* `raw`: the event as sent. Leave it null in a prepared frame: should the row be quarantined,
  the event that the frame spells is kept instead, and that can be replayed.
"""

AS_TEXT = " as text"
"""Ends the name of a column that holds, of another one, the values that are no numbers."""

REJECTED = pl.Schema(
    {
        "line_no": pl.Int64(),
        "source": pl.String(),
        "source_event_id": pl.String(),
        "type": pl.String(),
        "reason_code": pl.String(),
        "reason": pl.String(),
        "raw": pl.String(),
        "raw_bytes": pl.Int64(),
        "received_at": INSTANT,
        "missing_table": pl.String(),
        "missing_id": pl.Binary(),
    }
)
"""One row per event put aside. `reason_code` is a `Reason`; `reason` names field and value."""

MAX_EVENT_BYTES = 64 * 1024
"""An event longer than this is rejected; what is kept of it is cut here."""


def rejected(rows: list[dict[str, object]]) -> pl.DataFrame:
    """A frame of rejected events from rows with any of the columns of `REJECTED`.

    >>> rejected([{"line_no": 7, "reason_code": "malformed", "reason": "not JSON"}]).height
    1
    """
    frame = pl.DataFrame(rows, schema=REJECTED, orient="row") if rows else REJECTED.to_frame()
    return frame.with_columns(pl.col("raw_bytes").fill_null(pl.col("raw").str.len_bytes()))
