"""Metrics: imported samples, the registry, signal windows, snapshots and rollups."""

from vigia.domain.dictionary.model import Kind, Table, columns

SECTION = "Metrics"

_AGGREGATES = """
    n! bigint        | values aggregated
    sum! decimal     | sum of the values, exact to 1e-6
    sum_sq! double   | sum of their squares
    min! decimal     | least value
    max! decimal     | greatest value
    last! decimal    | newest value
    input_hash! bigint | hash of the input set; equal inputs, equal hash
"""


def _rollup(name: str, grain: str, slot: str) -> Table:
    return Table(
        name,
        SECTION,
        grain,
        Kind.DERIVED,
        columns(
            f"""
            site_id!   |
            metric!    | name in the registry
            {slot}
            {_AGGREGATES}
            """
        ),
        key=("site_id", "metric", slot.split("!", maxsplit=1)[0]),
        indexes=((slot.split("!", maxsplit=1)[0],),),
    )


TABLES = (
    Table(
        "metric_sample",
        SECTION,
        "One row per value of an imported series.",
        Kind.RECORD,
        columns("""
            sample_id!       | the value's event
            site_id -> site  |
            metric!          | name of the series
            value! double    | the value
            event_time!      |
        """),
        key=("sample_id",),
        time="event_time",
        verbs=("recorded",),
        indexes=(("site_id", "event_time"),),
    ),
    Table(
        "metric",
        SECTION,
        "One row per metric that the tenant measures.",
        Kind.PLATFORM,
        columns("""
            name!                                 | name in the registry
            title!                                | what people call it
            unit!                                 | unit of its values
            kind! {gauge, count, duration}        | how its values combine
            family!                               | signal family or module it belongs to
            source_table!                         | table whose rows it measures
            value_column                          | column it measures; rows are counted when missing
            at_column                             | instant that places a row in time; the table's own when missing
            until json                            | what ends the interval of a gauge: {"columns": [...], "less": a gauge taken off} or {"next": column, "delay_s": n, "cap_s": n, "known_s": n}
            row_filter json                       | column to list of values a row must have; `column!` must not, `column<=` at most, `column?` counts 100 with and 0 without
            concern! {low, high, both, none}      | direction that worries
            imported! bool                        | made by an import, not by the product
        """),
        key=("name",),
    ),
    Table(
        "signal_window",
        SECTION,
        "One row per person, site and 5-minute slot with any signal.",
        Kind.DERIVED,
        columns("""
            site_id!              |
            person_id!            |
            slot!                 | start of the 5 minutes
            p_auto! int           | automatic phone events and heartbeats
            p_human! int          | phone events a person caused
            g_valid! int          | valid positions
            g_invalid! int        | other positions
            w_count! int          | scans, finished tasks and reports
            h_ok! int             | welfare checks answered
            h_missed! int         | welfare checks missed or late
            distance_m! double    | way between valid positions no more than an hour apart, exact to 1 mm
            max_gap_s!            | longest wait for a valid position that ended in the slot, 3600 at most
            exposure_min!         | minutes of the slot that exist
            watermark_at          | until when the person's device is known to have sent everything
        """),
        key=("site_id", "person_id", "slot"),
        time="slot",
        partitioned=True,
    ),
    _rollup(
        "metric_5m", "One row per site, metric and 5-minute slot.", "slot! | start of the 5 minutes"
    ),
    _rollup("metric_1h", "One row per site, metric and UTC hour.", "slot! | start of the hour"),
    _rollup(
        "metric_1d",
        "One row per site, metric and local day of the site.",
        "local_date! | the site's local day",
    ),
    Table(
        "dirty_slot",
        SECTION,
        "One row per site and 5-minute slot whose derived rows are out of date.",
        Kind.PLATFORM,
        columns("""
            site_id!      |
            slot!         | start of the 5 minutes
            generation! bigint | grows with each mark, so that a mark made during a recomputation survives it
        """),
        key=("site_id", "slot"),
        indexes=(("slot",),),
    ),
    Table(
        "device_watermark",
        SECTION,
        "One row per device and start of it, with how completely it has reported.",
        Kind.PLATFORM,
        columns("""
            device_id!            |
            boot_id!              |
            first_seq! bigint     | least number seen
            last_seq! bigint      | greatest number seen
            seen_count! bigint    | distinct numbers seen
            queue_depth int       | events still on the device, by its newest heartbeat
            heartbeat_at          | newest heartbeat
            drained_at            | newest heartbeat with nothing left on the device
            complete_until_at     | until when everything is known to have arrived
            last_event_at         | newest event
        """),
        key=("device_id", "boot_id"),
    ),
)
