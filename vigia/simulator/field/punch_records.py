"""What a punch records: device, position against the fence, face, and who entered it."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import polars as pl

from vigia.simulator.draws import Bools, Floats, Ints, Stream
from vigia.simulator.effects import Effect
from vigia.simulator.field.attendance import (
    APP,
    BUDDY,
    FACE,
    FRAUDS,
    KINDS,
    KIOSK,
    METHODS,
    SPOOF,
    SUPERVISOR,
    TIME_THEFT,
    Punches,
    present_here,
)
from vigia.simulator.field.codes import hashes, shuffled, spelled
from vigia.simulator.field.crew import Crew
from vigia.simulator.field.dice import quarters
from vigia.simulator.field.frames import Column, Origin, recorded, table_of
from vigia.simulator.field.movement import Movement
from vigia.simulator.field.names import Names, index, named, sparse
from vigia.simulator.field.positions import degrees, measured
from vigia.simulator.field.rows import new_run, rank_in_runs
from vigia.simulator.field.sway import Sway

BACK_OFFICE = "attendance"
MOCK_SHARE = 0.65
"""Share of spoofing apps that the phone itself calls mocked (a vendor's figure)."""
SPOOFED_M = 8.0
SPOOFED_ACCURACY_M = np.array([3.0, 5.0, 10.0])
SELFIES = 0.4
"""Share of people whose app asks for a picture of them."""
CAMERAS = 0.5
"""Share of kiosks with a camera."""
NO_FACE = 0.04
POOR_LIGHT = 0.015
COVERS_THE_LENS = 0.55
"""Share of punches for somebody else that show no face."""
NOT_SYNCED = 0.03
"""Share of punches of an app that did not know the roster: they name no assignment."""
KIOSK_BLAMED = 0.06
"""Share of entries at sites with a kiosk that name it as the reason although it was in order."""
GEO = pl.Series(["none", "uncertain", "inside", "outside"])
REASONS = pl.Series(
    ["Forgot to clock", "Phone was empty", "App did not open", "Kiosk out of order", None]
)


def attendance_events(
    names: Names, sway: Sway, movement: Movement, punches: Punches
) -> tuple[list[pl.DataFrame], pl.DataFrame]:
    """Events and facts of punches."""
    crew = names.crew
    row = punches.row
    device, source = _devices(names, punches)
    number = rank_in_runs(new_run(row))[0]
    codes = punch_codes(crew, crew.duty[row], number)
    person = np.where(crew.worker[row] >= 0, crew.worker[row], crew.person[row])
    unplanned = (person != crew.on_roster[row]) | _not_synced(crew, punches)
    place = _places(names, sway, movement, punches)
    face, picture = _faces(crew, punches)
    rows = index(row)
    site, _, duty = (numbers[rows] for numbers in names.numbers_of)
    subject = names.site_of[rows]
    origin = Origin(
        source, codes, subject, site, device, duty, punches.at_us, received_us=punches.entered_us
    )
    columns: dict[str, Column] = {
        "person_id": named(names.people, person),
        "assignment_id": names.assignment_of[rows].set(pl.Series(unplanned), None),
        "device_id": named(names.devices, device),
        "kind": named(KINDS, punches.kind),
        "method": named(METHODS, punches.method),
        **place,
        "face_score": face,
        "photo_hash": picture,
        "corrected_by": named(names.people, punches.written_by),
        "reason": _reasons(crew, sway, punches),
    }
    facts: dict[str, Column] = {
        "duty": crew.duty[row],
        "site": crew.site[row],
        "person": person,
        "kind": columns["kind"],
        "source": source,
        "event_id": codes,
        "at_us": punches.at_us,
        "entered_us": punches.entered_us,
        "device": device,
        "present": present_here(crew, punches),
        "fraud": named(FRAUDS, punches.fraud),
    }
    frame = recorded("attendance_event", "recorded", origin, columns)
    return [frame] if len(row) else [], table_of(facts, len(row))


def punch_codes(crew: Crew, head: Ints, number: Ints) -> pl.Series:
    """Codes of punches, of a duty or of a site and day, in a secret order."""
    return spelled("A", shuffled(crew.stream("punch.code"), head, number))


def _not_synced(crew: Crew, punches: Punches) -> Bools:
    """Punches whose app knew nothing of the roster."""
    key = crew.duty[punches.row], punches.at_us
    unknown: Bools = crew.stream("punch.roster").chance(NOT_SYNCED, *key)
    return unknown & (punches.entered_us < 0)


def _devices(names: Names, punches: Punches) -> tuple[Ints, pl.Series]:
    """Device of each punch, and the source it comes from."""
    crew = names.crew
    world = crew.shard.world
    fixed = np.flatnonzero((world.devices["kind"] == "kiosk").to_numpy())
    kiosk = np.full(world.sites.height, -1, dtype=np.int64)
    kiosk[world.devices["site"].to_numpy()[fixed]] = fixed
    phone = np.where(punches.by >= 0, crew.device[punches.by], -1)
    device = np.where(punches.method == KIOSK, kiosk[crew.site[punches.row]], phone)
    device = np.where(punches.method == SUPERVISOR, -1, device)
    codes = named(names.devices, device).to_list()
    prefix = ["kiosk/" if kiosk else "phone/" for kiosk in (punches.method == KIOSK).tolist()]
    sources = [
        BACK_OFFICE if code is None else before + code
        for before, code in zip(prefix, codes, strict=True)
    ]
    return device, pl.Series(sources, dtype=pl.String)


def _places(
    names: Names, sway: Sway, movement: Movement, punches: Punches
) -> dict[str, npt.NDArray[np.generic] | pl.Series]:
    """Position, mocked or not, and how it lies to the fence."""
    crew, row = names.crew, punches.row
    world = crew.shard.world
    key = crew.duty[row], punches.kind, punches.at_us
    by = np.maximum(punches.by, 0)
    at = movement.at(crew.duty[by], punches.at_us)
    fixed = punches.method == KIOSK
    post_x, post_y = (p[row] for p in crew.post_at)
    x = np.where(fixed, post_x, at.x_m)
    y = np.where(fixed, post_y, at.y_m)
    found = measured(
        world, crew.stream("punch.place"), key, crew.site[row], (x, y, at.indoor & ~fixed)
    )
    lat, lon, accuracy, off = (
        a.copy() for a in (found.lat, found.lon, found.accuracy_m, found.off_m)
    )
    # A kiosk sends no position, and neither does who enters a punch at a desk.
    for values in (lat, lon, accuracy, off):
        values[fixed | (punches.by < 0)] = np.nan
    mock = np.zeros(len(row), dtype=bool)
    for place in np.flatnonzero(punches.fraud == SPOOF):
        spot = _made_up(crew, sway, int(row[place]), int(punches.at_us[place]))
        lat[place], lon[place], accuracy[place], off[place], mock[place] = spot
    radius, buffer = (crew.of_site(n)[row] for n in ("fence_radius_m", "buffer_m"))
    inside = off + accuracy <= radius
    outside = off - accuracy > radius + buffer
    unknown = np.isnan(off)
    geo = np.select([unknown & ~fixed, inside | fixed, outside], [0, 2, 3], 1)
    return {
        "lat": lat,
        "lon": lon,
        "accuracy_m": accuracy,
        "mock": pl.Series(mock).set(pl.Series(unknown), None),
        "geo": named(GEO, geo),
    }


def _made_up(
    crew: Crew, sway: Sway, row: int, at_us: int
) -> tuple[float, float, float, float, bool]:
    """The position that a spoofing app makes up: that of its fixes at the time."""
    found = int(sway.covering(Effect.SPOOFED, np.array([row]), np.array([at_us]))[0])
    seed = crew.shard.world.config.seed
    key = int(crew.device[row]), int(sway.intervals(Effect.SPOOFED).from_us[found])
    careful = crew.knobs.adversarial_fraud
    mock = bool(Stream(seed, "spoof.mock").chance(MOCK_SHARE, *key))
    mock &= not Stream(seed, "spoof.careful").chance(careful, *key)
    stream = Stream(seed, "devices.spoof")
    x = crew.post_at[0][row] + SPOOFED_M * stream.normal(*key, 0)
    y = crew.post_at[1][row] + SPOOFED_M * stream.normal(*key, 1)
    site = crew.site[row : row + 1]
    lat, lon = degrees(crew.shard.world, site, np.array([x]), np.array([y]))
    accuracy = float(SPOOFED_ACCURACY_M[int(stream.integers(3, *key, 2))])
    return float(lat[0]), float(lon[0]), accuracy, float(np.hypot(x, y)), mock


def _faces(crew: Crew, punches: Punches) -> tuple[Floats, pl.Series]:
    """Similarity of the face, and the hash of the picture, where one is taken."""
    row = punches.row
    world = crew.shard.world
    asks = crew.stream("selfie").chance(SELFIES, np.arange(world.people.height))
    camera = crew.stream("kiosk.camera").chance(CAMERAS, crew.site[row])
    taken = (punches.method == FACE) | ((punches.method == KIOSK) & camera)
    taken |= (punches.method == APP) & asks[crew.person[row]] & (punches.kind <= 1)
    key = crew.duty[row], punches.kind, punches.at_us
    fails, dim, score, spread = quarters(crew.stream("face"), *key)
    wrong = (punches.fraud == BUDDY) | (punches.fraud == TIME_THEFT)
    honest = np.where(dim < POOR_LIGHT, 0.55 + 0.25 * score, 0.97 - 0.14 * score**2)
    careful = spread < crew.knobs.adversarial_fraud
    other = np.where(careful, 0.72 + 0.2 * score, 0.15 + 0.5 * score)
    value = np.where(wrong, other, honest)
    none = ~taken | (fails < np.where(wrong, COVERS_THE_LENS, NO_FACE))
    shot = np.flatnonzero(taken & (punches.method != KIOSK))
    pictures = hashes(crew.stream("selfie.hash"), *(k[shot] for k in key))
    return np.where(none, np.nan, value.round(3)), sparse(len(row), shot, pictures)


def _reasons(crew: Crew, sway: Sway, punches: Punches) -> pl.Series:
    """Why a punch was entered afterwards."""
    entered = punches.entered_us >= 0
    drawn = crew.stream("reason").choice((5, 2, 2), crew.duty[punches.row], punches.kind)
    at_kiosk, down = _at_kiosks(crew, sway, punches)
    key = crew.duty[punches.row], punches.kind
    blamed = at_kiosk & crew.stream("reason.kiosk").chance(KIOSK_BLAMED, *key)
    drawn = np.where(down | blamed, 3, drawn)
    return named(REASONS, np.where(entered, drawn, -1))


def _at_kiosks(crew: Crew, sway: Sway, punches: Punches) -> tuple[Bools, Bools]:
    """Entries of people who clock at a kiosk; and those while it was down."""
    at_kiosk = (crew.shard.duties["method"] == "kiosk").to_numpy()[punches.row]
    at_kiosk = at_kiosk & (punches.entered_us >= 0)
    return at_kiosk, at_kiosk & sway.on(Effect.KIOSK_DOWN, punches.row, punches.at_us)
