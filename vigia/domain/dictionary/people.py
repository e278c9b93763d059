"""People, roster, attendance and welfare."""

from vigia.domain.dictionary.model import Kind, Table, columns

SECTION = "People, roster, attendance"
UPSERT = ("upserted",)

TABLES = (
    Table(
        "person",
        SECTION,
        "One row per person who works for or with the company.",
        Kind.STATE,
        columns("""
            person_id!                               | the person
            employee_no!                             | personnel number, unique in the tenant
            initials                                 | what operators see instead of a name
            role {guard, supervisor, area_officer, controller, technician, logistics, compliance, ops_manager, senior_manager, client_contact} | what the person does
            hired_on                                 | first day of work
            left_on                                  | last day of work
            supervisor_id -> person                  | who leads the person
            home_site_id -> site                     | usual site
            status {applicant, active, suspended, left} |
        """),
        key=("person_id",),
        natural_key=("employee_no",),
        verbs=UPSERT,
    ),
    Table(
        "person_pii",
        SECTION,
        "One row per person with what identifies them; separate grants.",
        Kind.STATE,
        columns("""
            person_id! -> person | the person
            full_name            | name
            phone                | telephone number
            email                | mail address
            birth_date           | date of birth
            id_number_enc        | identity number, encrypted
            address_enc          | home address, encrypted
            photo_ref            | pointer to the photograph
            face_template_ref    | pointer to the biometric template
        """),
        key=("person_id",),
        verbs=UPSERT,
    ),
    Table(
        "qualification",
        SECTION,
        "One row per qualification that a person holds.",
        Kind.STATE,
        columns("""
            qual_id!                                  | the qualification held
            person_id! -> person                      |
            type                                      | what it allows
            issued_on                                 | day of issue
            expires_on                                | last valid day
            class_hours int                           | hours of class training
            field_hours int                           | hours of field training
            status {valid, expiring, expired, revoked}|
        """),
        key=("qual_id",),
        verbs=UPSERT,
    ),
    Table(
        "availability",
        SECTION,
        "One row per recurring period in which a person can work.",
        Kind.STATE,
        columns("""
            availability_id!     | the period
            person_id! -> person |
            rrule                | RFC 5545 recurrence
            from_at              |
            to_at                |
        """),
        key=("availability_id",),
        verbs=UPSERT,
    ),
    Table(
        "leave_request",
        SECTION,
        "One row per leave that a person asked for.",
        Kind.STATE,
        columns("""
            leave_id!                                        | the request
            person_id! -> person                             |
            from_at                                          |
            to_at                                            |
            kind                                             | holiday, sickness, training …
            status {requested, approved, rejected, cancelled}|
        """),
        key=("leave_id",),
        verbs=("requested", "decided"),
    ),
    Table(
        "shift",
        SECTION,
        "One row per planned shift of a post.",
        Kind.STATE,
        columns("""
            shift_id!        | the shift
            site_id! -> site |
            post_id -> post  |
            starts_at        |
            ends_at          |
            local_date       | the site's local day it starts on
            pattern          | shift pattern
            headcount int    | people needed
            published_at     | when people were told
            status {draft, open, assigned, confirmed, in_progress, completed, cancelled} |
        """),
        key=("shift_id",),
        verbs=("published", "updated"),
        indexes=(("site_id", "starts_at"),),
        checks=(("shift_is_forward", "ends_at > starts_at"),),
    ),
    Table(
        "shift_assignment",
        SECTION,
        "One row per person planned on a shift.",
        Kind.STATE,
        columns("""
            assignment_id!       | the assignment
            shift_id! -> shift   | the shift
            person_id -> person  |
            status {assigned, confirmed, declined, swapped, checked_in, on_break, handed_over, completed, no_show, cancelled} |
            confirmed_at         | when the person confirmed
            relieved_by -> person uuid | who took over
        """),
        key=("assignment_id",),
        verbs=("assigned", "updated"),
        indexes=(("shift_id",), ("person_id",)),
    ),
    Table(
        "attendance_event",
        SECTION,
        "One row per clocking of a person.",
        Kind.RECORD,
        columns("""
            att_id!                                                       | the clocking
            person_id! -> person                                          |
            assignment_id                                                 |
            site_id -> site                                               |
            device_id -> device                                           |
            kind! {clock_in, clock_out, break_start, break_end, correction} | what was clocked
            method {app, kiosk, nfc, face, supervisor, import}            | how it was clocked
            event_time!                                                   |
            lat                                                           |
            lon                                                           |
            accuracy_m                                                    |
            mock bool                                                     | the phone reported a mocked position
            geo {inside, outside, uncertain, none}                        | where it was against the site's fence
            face_score real 0..1                                          | similarity of the face
            photo_hash                                                    | hash of the photograph
            corrected_by -> person uuid                                   | who corrected it
            reason                                                        |
        """),
        key=("att_id",),
        time="event_time",
        verbs=("recorded",),
        indexes=(("site_id", "event_time"), ("person_id", "event_time")),
    ),
    Table(
        "handover",
        SECTION,
        "One row per handover of a post.",
        Kind.RECORD,
        columns("""
            handover_id!              | the handover
            site_id -> site           |
            post_id! -> post          |
            from_person_id -> person  | who left
            to_person_id -> person    | who came
            event_time!               |
            notes_ref                 | pointer to the notes
            keys_ok bool              | keys were complete
        """),
        key=("handover_id",),
        time="event_time",
        verbs=("recorded",),
    ),
    Table(
        "welfare_check",
        SECTION,
        "One row per check call that is due.",
        Kind.STATE,
        columns("""
            check_id!                            | the check
            site_id -> site                      |
            person_id -> person                  |
            assignment_id                        |
            due_at                               | when it is due
            opens_at                             | from when an answer counts
            closes_at                            | until when an answer counts
            method {app, call, nfc, ivr}         | how it is answered
            answered_at                          | when it was answered
            attempts int                         | how often it was tried
            result {pending, ok, late, missed, duress, cancelled} | how it ended
        """),
        key=("check_id",),
        verbs=("scheduled", "answered", "closed"),
        indexes=(("site_id", "due_at"),),
    ),
)
