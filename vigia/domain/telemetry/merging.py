"""What several changes of a thing add up to: column by column, the latest that says anything.

The store folds things in SQL, from the journal; this is the same rule for changes at hand.
"""

from __future__ import annotations

import polars as pl

ENTITY, FIRST, LAST = "entity_id", "first_at", "state_time"


def merged(changes: pl.DataFrame) -> pl.DataFrame:
    """Add the changes of each thing up in the order of (event time, event id).

    Args:
        changes: One row per change, as `normalise` accepts them: `entity_id`, `event_id`,
            `event_time`, and in `content` the columns of the thing; null where it says nothing.

    Returns:
        One row per thing, in any order: `entity_id`; `first_at` and `state_time`, its first and
        last event time; and the columns of the content.

    Example:
        >>> def change(at: int, **content: object) -> dict[str, object]:
        ...     key = {"entity_id": b"t", "event_id": bytes([at]), "event_time": at}
        ...     return key | {"content": {"status": None, "title": None} | content}
        >>> two = pl.DataFrame([change(2, status="done"), change(1, status="new", title="door")])
        >>> merged(two).row(0, named=True)
        {'entity_id': b't', 'first_at': 1, 'state_time': 2, 'status': 'done', 'title': 'door'}
    """
    content = changes["content"].struct.unnest()
    known = changes.select(ENTITY, "event_time", "event_id").hstack(content)
    alone = known[ENTITY].is_unique()
    at = pl.col("event_time")
    single = known.filter(alone).select(ENTITY, at.alias(FIRST), at.alias(LAST), *content.columns)
    several = (
        known.filter(~alone)
        .sort("event_time", "event_id")
        .group_by(ENTITY)
        .agg(
            at.first().alias(FIRST),
            at.last().alias(LAST),
            *(pl.col(name).drop_nulls().last() for name in content.columns),
        )
    )
    return pl.concat([single, several])
