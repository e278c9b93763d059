"""Baselines and anomalies: what is usual of each metric, and what was not."""

from vigia.domain.dictionary.model import Kind, Table, columns

SECTION = "Detection"

_DIRECTION = "{below, above, absent}"
_PARENT = "{none, daytype_hour, site}"
_SENSITIVITY = "{low, medium, high}"

TABLES = (
    Table(
        "baseline_day",
        SECTION,
        "One row per site, metric and local day that may teach what is usual.",
        Kind.DERIVED,
        columns("""
            site_id!         |
            metric!          | name in the registry
            local_date!      | the site's local day
            samples! bytes   | 288 values, one a slot of the wall clock, as little-endian doubles, deflated; NaN where none
        """),
        key=("site_id", "metric", "local_date"),
        indexes=(("local_date",),),
    ),
    Table(
        "baseline_profile",
        SECTION,
        "One row per site, metric and hour of the week.",
        Kind.DERIVED,
        columns(f"""
            site_id!         |
            metric!          | name in the registry
            hour_of_week! int 0..167 | hours of the site's wall clock since Monday 00:00
            n! int           | samples of the hour itself
            support! int     | samples that the figures come from
            mean double      | mean of a 5-minute slot
            var double       | variance of it
            p05 double       | 5 % quantile
            p50 double       | median
            p95 double       | 95 % quantile
            mad double       | median distance from the median
            dispersion double | variance over mean; 1 for counts that chance alone spreads
            pooled_parent! {_PARENT} | what the figures come from while the hour is young
            is_stable! bool  | the hour has samples enough of its own
            sensitivity! {_SENSITIVITY} | how readily the site's metrics are called anomalous
            window_from! date | first local day that taught
            window_to! date  | last one; what is judged comes after it
            version!         | policy it was learned by
        """),
        key=("site_id", "metric", "hour_of_week"),
    ),
    Table(
        "baseline_stray",
        SECTION,
        "One row per site, metric and way to look at it.",
        Kind.DERIVED,
        columns(f"""
            site_id!         |
            metric!          | name in the registry
            direction! {_DIRECTION} | which side of the baseline
            over_slots! int  | slots that are looked at together; 0 for a silence of any length
            days! int        | local days that taught
            usual double     | median over them of the surprise of the most surprising moment, in powers of ten
            rare double      | 95 % quantile of the same
            window_to! date  | last local day that taught
            version!         | policy it was learned by
        """),
        key=("site_id", "metric", "direction", "over_slots"),
    ),
    Table(
        "anomaly",
        SECTION,
        "One row per site, metric and 5-minute slot that left its baseline.",
        Kind.DERIVED,
        columns(f"""
            anomaly_id!      | the anomaly; computed from site, metric and slot
            site_id!         |
            metric!          | name in the registry
            slot!            | start of the 5 minutes
            direction! {_DIRECTION} | which side of the baseline
            over_slots! int  | slots that were looked at together, up to the end of the slot
            observed! double | what was seen in them
            expected! double | what was due
            low double       | 5 % quantile of a single slot
            high double      | 95 % quantile of a single slot
            score! double    | deviations out that a normal value as improbable would be; negative below
            tail_p! double   | probability under the baseline
            q! double        | the same after the correction for all tests of the run
            tested! int      | tests of the run
            raises! bool     | it counts for a finding; else pages alone show it
            hour_of_week! int 0..167 | hours of the site's wall clock since Monday 00:00
            support! int     | samples of the baseline
            pooled_parent! {_PARENT} | what the baseline's figures came from
            window_from! date | first local day that taught the baseline
            window_to! date  | last one
            sensitivity! {_SENSITIVITY} | sensitivity of the site
            baseline_version! | policy the baseline was learned by
            policy_version!  | policy it was judged by
        """),
        key=("anomaly_id",),
        unique=(("tenant_id", "site_id", "metric", "slot"),),
        indexes=(("slot",),),
    ),
)
