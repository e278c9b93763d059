"""Everything that is known at some instants, each part computed when it is first asked for."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from vigia.domain.watch.calls import Calls
from vigia.domain.watch.cover import Cover
from vigia.domain.watch.errands import Errands
from vigia.domain.watch.facts import Facts
from vigia.domain.watch.moments import Moments
from vigia.domain.watch.motion import Motion
from vigia.domain.watch.muting import Muting
from vigia.domain.watch.opening import Opening
from vigia.domain.watch.phones import Phones
from vigia.domain.watch.places import Places
from vigia.domain.watch.presence import Presence
from vigia.domain.watch.rounds import Rounds
from vigia.domain.watch.sightings import Sightings
from vigia.domain.watch.signs import Signs
from vigia.domain.watch.things import Things
from vigia.domain.watch.uploads import Uploads
from vigia.domain.watch.work import Work


@dataclass(frozen=True)
class Known:
    """What the patterns look at.

    Attributes:
        facts: What arrived; nothing of it that came after an instant counts at that instant.
        moments: The instants.
    """

    facts: Facts
    moments: Moments

    @cached_property
    def things(self) -> Things:
        """Sites, posts, people, devices."""
        return Things(self.facts)

    @cached_property
    def presence(self) -> Presence:
        """Who is on duty, and who should be."""
        return Presence(self.facts, self.things, self.moments)

    @cached_property
    def signs(self) -> Signs:
        """Signs of life by family."""
        return Signs(self.facts, self.things, self.moments)

    @cached_property
    def muting(self) -> Muting:
        """Where planned work mutes what."""
        return Muting(self.facts, self.things, self.moments)

    @cached_property
    def work(self) -> Work:
        """What there is to do: tasks, tours, check calls, tickets; and alerts."""
        return Work(self.facts, self.things, self.moments)

    @cached_property
    def places(self) -> Places:
        """Where people and devices are."""
        return Places(self.facts, self.things, self.signs, self.moments)

    @cached_property
    def rounds(self) -> Rounds:
        """Tours under way."""
        return Rounds(self.facts, self.things, self.presence, self.places, self.moments)

    @cached_property
    def errands(self) -> Errands:
        """What takes people off their everyday work."""
        return Errands(self.facts, self.things, self.moments)

    @cached_property
    def phones(self) -> Phones:
        """Who carries which phone where, and whether it has sent everything."""
        return Phones(self.facts, self.things, self.presence, self.signs, self.moments)

    @cached_property
    def uploads(self) -> Uploads:
        """Whose phones may still hold what happened."""
        return Uploads(self.facts, self.things, self.moments)

    @cached_property
    def calls(self) -> Calls:
        """Who asks for help, and who does not answer."""
        return Calls(self.facts, self.things, self.presence, self.signs)

    @cached_property
    def motion(self) -> Motion:
        """Who moves."""
        return Motion(self.things, self.signs, self.places, self.moments)

    @cached_property
    def cover(self) -> Cover:
        """Which posts lack people."""
        return Cover(self.facts, self.things, self.presence, self.signs, self.sightings)

    @cached_property
    def sightings(self) -> Sightings:
        """Who is seen though not checked in."""
        return Sightings(
            self.facts, self.things, self.presence, self.signs, self.places, self.moments
        )

    @cached_property
    def opening(self) -> Opening:
        """When sites are open, by their calendars."""
        return Opening(self.facts, self.things, self.moments)
