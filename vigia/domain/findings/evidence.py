"""What can be attached to a finding to show it: the kinds of evidence, and how private each is.

Belongs here: the vocabulary that runbooks ask for and collectors fill. Does not belong here: who
may see which class (`redaction`), or how evidence is gathered.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum


class RedactionClass(StrEnum):
    """How private a piece of evidence is, from what anybody at work on it may see upwards."""

    PLAIN = "plain"
    """Counts, times, states and ids of things."""
    PERSON = "person"
    """Who: ids and initials of people."""
    LOCATION = "location"
    """Where a person was."""
    CONTACT = "contact"
    """How somebody is reached, and whether they were."""
    CONTENT = "content"
    """What somebody wrote or said."""
    BIOMETRIC = "biometric"
    """Faces and voices as measured."""


_KINDS = """
activity          plain     what was done in the window, by kind
access_events     person    door uses: granted, denied, forced, held open
alert_clusters    plain     alerts of the window, grouped by type
audio_ref         content   pointer to a recording, where the law allows one
backlog           plain     work that is overdue, with when it was due
baseline          plain     what is usual for the hour of the week, and how many samples say so
battery           plain     charge at the last heartbeats
chain_snapshot    person    the escalation chain as it was when it started
chain_timeline    person    steps of the escalation with their times
co_location       location  how near other people's devices were, and for how long
cohort            plain     devices of the same system and app version, and how they fare
contact_log       contact   calls, messages and visits, and whether they reached somebody
crash_log         plain     crashes and restarts of the app
deliveries        contact   messages sent, with what became of each
device_state      plain     status, permissions and app state of the device
due_work          plain     tasks, tours and check calls that were due in the window
exit_event        location  when and how surely the guard left the fence
finding           plain     the finding's own figures
fixes             location  positions of the window with their uncertainty
heartbeats        plain     heartbeats of the window
holidays          plain     what the site's calendar says of the day
input_freshness   plain     how recent the data are that a report needs
job_log           plain     runs of the job that makes the report
last_fix          location  the last valid position with its uncertainty
last_signals      person    for each person, the last sign of each family
late_tours        plain     tours that are late or missed
missed_checkpoints plain    checkpoints nobody scanned
missing_periods   plain     periods for which nothing was made
motion            location  displacement and steps of the window
network           plain     network and signal strength at the last heartbeats
obligation        plain     which report is owed to whom, and when
on_call           person    who is on call, and who stands in
open_incidents    plain     incidents, calls for help and dispatches under way
operator_state    plain     how other sites of the same network operator and feeder fare
panic_event       person    the call for help: source, time, state
permissions       plain     permissions of the app over time
position_burst    location  positions taken in quick succession since the call
power_save        plain     whether the device saved power
presence          person    who is there, and by which sign
relief_options    person    who could come, with travel time and qualification
report_schedule   plain     when the report was due, and when it last came
request_age       plain     how long a request has waited
roster            person    who was planned, confirmed, on leave or stood down
scans_by_others   person    who else scanned the same checkpoints
score             plain     how far the value is off, and how unlikely that is
signal_counts     plain     signals of the window by family
silent_sites      plain     sites that fell silent, in order of risk
sla_segments      plain     how the clock of the promise ran and paused
staffing          plain     people present against people required
stock             plain     what the store has
tag_age           plain     age and last good reading of the tags
tags              plain     state of the tags
ticket_history    content   changes and messages of the ticket
tour_run          person    the round as planned and as scanned
tour_schedule     plain     when the round was due
tours             plain     rounds of the window
trail             location  positions since the last scan, with their uncertainty
versions          plain     system and app versions, and since when
work_orders       plain     work orders that explain somebody's presence
workload          plain     minutes of work waiting against minutes of people at hand
"""

EVIDENCE: Mapping[str, tuple[RedactionClass, str]] = {
    name: (RedactionClass(level), meaning)
    for name, level, meaning in (line.split(None, 2) for line in _KINDS.strip().splitlines())
}
"""Every kind of evidence: how private it is, and what it is."""
