"""Organisation and place: tenants, clients, sites and what a site is made of."""

from vigia.domain.dictionary.model import Kind, Table, columns

SECTION = "Organisation and place"
UPSERT = ("upserted",)

TABLES = (
    Table(
        "tenant",
        SECTION,
        "One row per guarding company that uses the platform.",
        Kind.PLATFORM,
        columns("""
            name!                                   |
            slug!                                   | short name in addresses and file names
            country                                 | ISO 3166 code of its seat
            default_tz!                             | IANA zone of sites that name none
            locale!                                 | language of its people
            status! {active, suspended, closing}    |
            retention_profile! {standard, keep_all} | which retention defaults apply
            clock_mode! {wall, data}                | what "now" means: wall clock, or the newest event
            created_at!                             |
        """),
        key=(),
        unique=(("slug",),),
    ),
    Table(
        "client",
        SECTION,
        "One row per client of the guarding company.",
        Kind.STATE,
        columns("""
            client_id!                                |
            code!                                     | short code, unique in the tenant
            name                                      |
            tier {basic, standard, premium, vip}      | service level bought
            contract_no                               | contract number
            contract_from_on                          | first day of the contract
            contract_to_on                            | last day of the contract
            sla_policy_id -> sla_policy               | promises made to it
            penalty_terms json                        | penalties agreed, with schema_version
            status {prospect, active, on_hold, ended} |
        """),
        key=("client_id",),
        natural_key=("code",),
        verbs=UPSERT,
    ),
    Table(
        "site",
        SECTION,
        "One row per guarded site.",
        Kind.STATE,
        columns("""
            site_id!                                      | the site
            client_id -> client                           |
            calendar_id -> calendar                       | its business calendar
            code!                                         | short code, unique in the tenant
            name                                          |
            archetype {office, warehouse, hospital, mall, construction, residential, bank_atm, data_centre, factory, campus, event} | what kind of place it is
            lat                                           |
            lon                                           |
            tz                                            | IANA zone; decides local days, hours of week and SLA
            region                                        | region of the company
            network_operator                              | mobile operator that covers it
            power_feeder                                  | power feeder it hangs on
            risk_tier int 1..5                            | risk, 5 highest
            criticality int 1..5                          | importance to the client, 5 highest
            gps_expectation {good, degraded, none}        | what position quality to expect there
            status {onboarding, active, suspended, closed}|
        """),
        key=("site_id",),
        natural_key=("code",),
        verbs=UPSERT,
    ),
    Table(
        "zone",
        SECTION,
        "One row per zone of a site.",
        Kind.STATE,
        columns("""
            zone_id!         |
            site_id! -> site |
            name             |
            indoor bool      | under a roof, where positions are poor
            floor int        | storey
        """),
        key=("zone_id",),
        verbs=UPSERT,
    ),
    Table(
        "geofence",
        SECTION,
        "One row per fence of a site.",
        Kind.STATE,
        columns("""
            geofence_id!                               | the fence
            site_id! -> site                           |
            kind {site, zone, exclusion, checkpoint}   | what it encloses
            shape {circle, polygon}                    | how it is drawn
            lat                                        |
            lon                                        |
            radius_m                                   | radius of a circle
            polygon json                               | ring of [lon, lat] pairs
            buffer_m                                   | distance beyond the edge that still counts as uncertain
            valid_from                                 |
            valid_to                                   |
        """),
        key=("geofence_id",),
        verbs=UPSERT,
    ),
    Table(
        "post",
        SECTION,
        "One row per post to be manned at a site.",
        Kind.STATE,
        columns("""
            post_id!                                                    |
            site_id! -> site                                            |
            zone_id -> zone                                             |
            name                                                        |
            kind {static, gate, patrol, reception, control_room, mobile}| what the guard does there
            must_man bool                                               | may never be empty by contract
            armed bool                                                  | the guard is armed
            lone bool                                                   | the guard works alone
            gps_expected bool                                           | positions are expected from it
            work_expected bool                                          | scans and tasks are expected from it
            post_orders_version                                         | version of the assignment instructions
        """),
        key=("post_id",),
        verbs=UPSERT,
    ),
    Table(
        "post_requirement",
        SECTION,
        "One row per weekly period in which a post needs people.",
        Kind.STATE,
        columns("""
            req_id!          | the requirement
            post_id! -> post |
            dow int 0..6     | weekday, 0 = Monday
            start_local      | start by the site's wall clock
            end_local        | end by the site's wall clock; before start means the next day
            headcount int    | people needed
            qualification    | qualification each must hold
            valid_from       |
            valid_to         |
        """),
        key=("req_id",),
        verbs=UPSERT,
    ),
    Table(
        "calendar",
        SECTION,
        "One row per business calendar.",
        Kind.STATE,
        columns("""
            calendar_id! | the calendar
            code!        | short code, unique in the tenant
            name         |
            tz           | IANA zone of its hours
            hours json   | weekday number to list of [open, close] wall-clock times
        """),
        key=("calendar_id",),
        natural_key=("code",),
        verbs=UPSERT,
    ),
    Table(
        "holiday",
        SECTION,
        "One row per calendar and day that is not an ordinary day.",
        Kind.STATE,
        columns("""
            holiday_id!                              | the holiday
            calendar_id! -> calendar                 | the calendar it changes
            holiday_on                               | the local day
            name                                     |
            kind {public, client, closed, half_day}  | what kind of day it is
        """),
        key=("holiday_id",),
        verbs=UPSERT,
    ),
    Table(
        "maintenance_window",
        SECTION,
        "One row per period in which matching noise is muted.",
        Kind.STATE,
        columns("""
            mw_id!                                    | the window
            matcher json                              | what it mutes: field to value or list of values
            starts_at                                 |
            ends_at                                   |
            rrule                                     | RFC 5545 recurrence, when it repeats
            reason                                    |
            mode {suppress, recover}                  | whether still-true conditions fire at its end
            state {planned, active, ended, cancelled} |
            approved_by                               | who approved it
        """),
        key=("mw_id",),
        verbs=UPSERT,
        checks=(("window_is_forward", "ends_at > starts_at"),),
    ),
    Table(
        "post_stand_down",
        SECTION,
        "One row per period in which a post need not be manned.",
        Kind.STATE,
        columns("""
            stand_down_id!   | the stand-down
            post_id! -> post |
            from_at          |
            to_at            |
            reason           |
            approved_by      | who approved it
        """),
        key=("stand_down_id",),
        verbs=UPSERT,
    ),
)
