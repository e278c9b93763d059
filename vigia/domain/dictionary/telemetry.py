"""Devices and what they send, access control and contact."""

from vigia.domain.dictionary.model import Kind, Table, columns

SECTION = "Devices and telemetry"
RECORDED = ("recorded",)

TABLES = (
    Table(
        "device",
        SECTION,
        "One row per device.",
        Kind.STATE,
        columns("""
            device_id!                                          | the device
            code!                                               | serial or inventory number, unique in the tenant
            kind {phone, tracker, kiosk, panic_fob, nfc_reader} | what it is
            platform                                            | operating system family
            model                                               | maker's model
            os_version                                          | version of the operating system
            app_version                                         | version of the guard app
            serial_hash                                         | keyed hash of the serial number
            status {unknown, online, stale, offline, lost, retired} |
            last_event_at                                       | newest event the sender knows of
            battery_health_pct                                  | capacity left against new
            in_service_on                                       | first day in service
        """),
        key=("device_id",),
        natural_key=("code",),
        verbs=("upserted",),
    ),
    Table(
        "device_assignment",
        SECTION,
        "One row per period in which a device belongs to a person or a post.",
        Kind.STATE,
        columns("""
            device_assignment_id! | the assignment of the device
            device_id! -> device  |
            person_id -> person   |
            post_id -> post       |
            from_at               |
            to_at                 |
        """),
        key=("device_assignment_id",),
        verbs=("upserted",),
        indexes=(("device_id",),),
    ),
    Table(
        "device_heartbeat",
        SECTION,
        "One row per heartbeat of a device.",
        Kind.RECORD,
        columns("""
            hb_id!                                            | the heartbeat
            site_id -> site                                   |
            device_id! -> device                              |
            boot_id                                           |
            seq                                               |
            event_time!                                       |
            battery_pct                                       | charge left
            charging bool                                     | on a charger
            battery_temp_c                                    | temperature of the battery
            network {none, 2g, 3g, 4g, 5g, wifi}              | network in use
            rssi_dbm                                          | signal strength
            location_permission {always, in_use, denied}      | what the person allowed
            gps_enabled bool                                  | positioning is switched on
            power_save bool                                   | power saving is on
            app_state {foreground, background, killed}        | state of the guard app
            queue_depth int                                   | events still waiting on the device
            free_storage_mb                                   | free storage
            clock_offset_ms                                   | device clock minus server clock
        """),
        key=("hb_id",),
        time="event_time",
        verbs=RECORDED,
        partitioned=True,
        indexes=(("site_id", "event_time"), ("device_id", "event_time")),
    ),
    Table(
        "phone_event",
        SECTION,
        "One row per event of a phone that is not a position or a heartbeat.",
        Kind.RECORD,
        columns("""
            pe_id!                |  the phone event
            site_id -> site       |
            device_id! -> device  |
            person_id -> person   |
            boot_id               |
            seq                   |
            kind! {interaction, login, logout, call_in, call_out, sms, push_ack, permission_change, network_change, reboot, crash} | what happened
            human bool            | a person caused it
            event_time!           |
        """),
        key=("pe_id",),
        time="event_time",
        verbs=RECORDED,
        partitioned=True,
        indexes=(("site_id", "event_time"),),
    ),
    Table(
        "gps_fix",
        SECTION,
        "One row per position of a device.",
        Kind.RECORD,
        columns("""
            fix_id!                                | the position
            site_id -> site                        |
            device_id! -> device                   |
            person_id -> person                    |
            boot_id                                |
            seq                                    |
            fix_time!                              | when the position was measured
            device_time                            | when the device recorded it
            lat!                                   |
            lon!                                   |
            altitude_m                             | height above the ellipsoid
            speed_mps                              | speed over ground
            course_deg real 0..360                 | heading, clockwise from north
            accuracy_m                             |
            hdop real                              | horizontal dilution of precision
            satellites int                         | satellites used
            provider {gps, fused, network, manual} | where the position came from
            mock bool                              | the phone reported a mocked position
            valid bool                             | the device calls it valid
            outdated bool                          | the device repeats an older position
            steps_delta int                        | steps since the last position
            motion {still, walking, running, vehicle, unknown} | how the person moves
        """),
        key=("fix_id",),
        time="fix_time",
        verbs=RECORDED,
        partitioned=True,
        indexes=(("site_id", "fix_time"), ("device_id", "fix_time")),
    ),
    Table(
        "geofence_event",
        SECTION,
        "One row per crossing of a fence that a device reports.",
        Kind.RECORD,
        columns("""
            ge_id!                               | the crossing
            site_id -> site                      |
            device_id! -> device                 |
            geofence_id -> geofence              | the fence
            kind! {enter, exit, crossed, dwell}  | what happened
            event_time!                          |
            confidence real 0..1                 | how sure the device is
        """),
        key=("ge_id",),
        time="event_time",
        verbs=RECORDED,
    ),
    Table(
        "panic_event",
        SECTION,
        "One row per call for help.",
        Kind.STATE,
        columns("""
            panic_id!             | the call for help
            site_id -> site       |
            person_id -> person   |
            device_id -> device   |
            panic_source {button, fob, shake, duress_pin, man_down, fall, missed_check, call} | how it was raised
            triggered_at          | when it was raised
            lat                   |
            lon                   |
            accuracy_m            |
            state {open, acknowledged, verified, responding, closed_true, closed_false, closed_test} |
            acked_by -> person uuid  | who acknowledged
            acked_at              | when it was acknowledged
            closed_by -> person uuid | who closed it
            outcome               | how it ended
        """),
        key=("panic_id",),
        verbs=("triggered", "acknowledged", "closed"),
        indexes=(("site_id", "triggered_at"),),
    ),
    Table(
        "access_event",
        SECTION,
        "One row per use of a door.",
        Kind.RECORD,
        columns("""
            access_id!                               | the use
            site_id -> site                          |
            zone_id -> zone                          |
            person_id -> person                      |
            person_hash                              | keyed hash of who it was, for strangers
            credential_hash                          | keyed hash of the card or code
            door                                     | the door's own name
            kind! {granted, denied, forced, held_open} | what happened
            event_time!                              |
        """),
        key=("access_id",),
        time="event_time",
        verbs=RECORDED,
        indexes=(("site_id", "event_time"),),
    ),
    Table(
        "contact_log",
        SECTION,
        "One row per attempt of the control room to reach somebody, or to be reached.",
        Kind.RECORD,
        columns("""
            contact_id!                                    | the attempt
            site_id -> site                                |
            person_id -> person                            |
            subject_ref                                    | what it was about
            channel! {call, radio, sms, push, visit}       | by what means
            direction {in, out}                            | who started it
            outcome {reached, no_answer, declined, voicemail} | how it went
            event_time!                                    |
            contacted_by                                   | who tried
        """),
        key=("contact_id",),
        time="event_time",
        verbs=RECORDED,
        indexes=(("site_id", "event_time"),),
    ),
)
