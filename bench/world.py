"""Making a simulated company on one core (F12), stage by stage.

The reference spells and packs events that are ready in memory: `orjson` one by one, then zstd.
It plans nothing, draws nothing and writes no file, so the ratio says how much of a world's making
is more than its text. Each run has a process of its own, held to one core and one thread. Rates
and the ratio are of CPU seconds, from the start of the interpreter to its last file, so that a
busy machine does not decide; the rate of the wall clock stands beside them.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from functools import wraps
from itertools import islice, pairwise
from pathlib import Path
from time import perf_counter, process_time
from typing import Any

from bench.engines import peak_mb
from bench.run import SEED, Bench, exponent
from vigia.simulator.memory import POLARS

SITES, DAYS, TEST_DAYS = 100, 8, 2
EVENTS_A_SITE_DAY = 2_700
"""About as many as a site sends in a day: what turns a number of events into one of sites."""
ROUNDS = 2
REFERENCE_EVENTS = 100_000
_ALONE = {
    "POLARS_MAX_THREADS": "1",
    # As installed: nobody compiles the modules anew at every start, and here only the first run does.
    "PYTHONDONTWRITEBYTECODE": "",
    # As `vigia simulate` tells it; the imports of this module come before it could.
    POLARS[0]: POLARS[1],
    "PYTHONPYCACHEPREFIX": str(Path(tempfile.gettempdir()) / "vigia-bench-compiled"),
}
_STAGES = {
    "field": ("vigia.simulator.field.simulate", "simulate_field"),
    "devices": ("vigia.simulator.devices.simulate", "simulate_devices"),
    "observe": ("vigia.simulator.observe.observe", "observe"),
    "text": ("vigia.simulator.generate", "run_of"),
    "write": ("vigia.simulator.emit.files", "WorldFolder.write_stream"),
    "plan": ("vigia.simulator.generate", "prepare"),
    "truth": ("vigia.simulator.label.build", "label"),
}
"""What is timed apart. The rest: counting, putting in order, desks and rosters, imports."""


def simulate(size: int | None = None) -> Bench:
    """F12: a world from its configuration to its last file, on one core.

    Args:
        size: Events of the largest of three worlds, about; 2.2 million when left out.
    """
    sites = SITES if size is None else max(1, size // (EVENTS_A_SITE_DAY * DAYS))
    sizes = sorted({max(1, sites // 4), max(1, sites // 2), sites})
    return measure(sizes, DAYS, rounds=ROUNDS if sites >= SITES else 1)


def measure(sites: Sequence[int], days: int, *, rounds: int) -> Bench:
    """Make worlds of so many sites and days, and spell the events of the first one again."""
    with tempfile.TemporaryDirectory(prefix="vigia-bench-") as folder:
        roots = [Path(folder) / str(count) for count in sites]
        runs: list[list[dict[str, Any]]] = [[] for _ in sites]
        spelled = []
        for number in range(rounds):
            for place, (count, root) in enumerate(zip(sites, roots, strict=True)):
                runs[place].append(_alone("make", count, days, root / str(number)))
            spelled.append(_alone("spell", roots[0] / str(number)))
    return _found([min(each, key=lambda run: run["cpu_s"]) for each in runs], _least(spelled))


def _least(runs: Sequence[dict[str, Any]]) -> dict[str, Any]:
    return min(runs, key=lambda run: float(run["cpu_s"]))


def _found(worlds: Sequence[dict[str, Any]], spelled: dict[str, Any]) -> Bench:
    largest = worlds[-1]
    events = [world["events"] for world in worlds]
    reference_s = spelled["cpu_s"] / spelled["events"] * largest["events"]
    cpu = [world["cpu_s"] for world in worlds]
    figures = {
        "sites": [world["sites"] for world in worlds],
        "events": events,
        "events_per_s": [n / s for n, s in zip(events, cpu, strict=True)],
        "events_per_wall_s": [world["events"] / world["seconds"] for world in worlds],
        # Start and planning aside: what one more day costs.
        "marginal_events_per_s": [world["marginal"] for world in worlds],
        "text_mb_per_s": largest["text_bytes"] / 1e6 / largest["cpu_s"],
        "bytes_per_event": largest["text_bytes"] / largest["events"],
        "packed_bytes_per_event": largest["packed_bytes"] / largest["events"],
        "reference_events_per_s": spelled["events"] / spelled["cpu_s"],
        "reference_us_per_event": spelled["us_per_event"],
        "us_per_event": largest["us_per_event"],
    }
    return Bench(
        "simulate",
        "orjson + zstd of ready events",
        reference_s / largest["cpu_s"],
        exponent(events, cpu) if len(worlds) > 1 else None,
        largest["peak_mb"],
        figures,
    )


def _alone(*asked: object) -> dict[str, Any]:
    """One run in a process of its own, on one core; its seconds are those of the whole process."""
    started = perf_counter()
    done = subprocess.run(
        [sys.executable, "-m", "bench.world", *map(str, asked)],
        check=True,
        stdout=subprocess.PIPE,
        cwd=Path(__file__).parent.parent,
        env={**os.environ, **_ALONE},  # noqa: TID251 - passed on
    )
    return {**json.loads(done.stdout), "seconds": perf_counter() - started}


def make(sites: int, days: int, root: Path) -> dict[str, Any]:
    """Make one world, timed from the start of this process on."""
    from vigia.simulator.memory import keep_freed_memory

    keep_freed_memory()
    stages = _timed_stages()
    from vigia.simulator.config import Level, WorldConfig
    from vigia.simulator.generate import generate

    test_days = min(TEST_DAYS, days)
    spans = {"learn_days": days - test_days, "test_days": test_days}
    config = WorldConfig.at_level(Level.STANDARD, seed=SEED, sites=sites, **spans)
    marks: list[tuple[int, float]] = []
    manifest = generate(
        config, root, progress=lambda _, events: marks.append((events, process_time()))
    )
    cpu_s, events = process_time(), manifest["events"]["total"]
    us = {name: seconds / events * 1e6 for name, seconds in sorted(stages.items())}
    return {
        "sites": sites,
        "events": events,
        "cpu_s": cpu_s,
        "marginal": _marginal(marks),
        "text_bytes": manifest["text_bytes"],
        "packed_bytes": sum(path.stat().st_size for path in root.glob("*/events/*")),
        "peak_mb": peak_mb(),
        "us_per_event": {**us, "rest": cpu_s / events * 1e6 - sum(us.values())},
    }


def _marginal(marks: Sequence[tuple[int, float]]) -> float | None:
    """Events a CPU second from the second day to the last; None in a world too short for it."""
    if len(marks) < 3:
        return None
    (before, started), (after, ended) = marks[1], marks[-1]
    return (after - before) / (ended - started)


def _timed_stages() -> dict[str, float]:
    """Let every stage add its CPU seconds to a table; returns the table."""
    from importlib import import_module

    seconds: dict[str, float] = defaultdict(float)

    def timed(name: str, stage: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(stage)
        def run(*args: Any, **kwargs: Any) -> Any:
            started = process_time()
            try:
                return stage(*args, **kwargs)
            finally:
                seconds[name] += process_time() - started

        return run

    for name, (module, path) in _STAGES.items():
        owner: Any = import_module(module)
        *parents, attribute = path.split(".")
        for parent in parents:
            owner = getattr(owner, parent)
        setattr(owner, attribute, timed(name, getattr(owner, attribute)))
    return seconds


def spell(root: Path) -> dict[str, Any]:
    """Spell and pack events of a world that are ready in memory, one by one."""
    import orjson
    import pyarrow as pa

    ready = [orjson.loads(line) for line in islice(_lines(root), REFERENCE_EVENTS)]
    times = [process_time()]
    text = [orjson.dumps(event, option=orjson.OPT_APPEND_NEWLINE) for event in ready]
    times.append(process_time())
    packed = pa.BufferOutputStream()
    with pa.CompressedOutputStream(packed, "zstd") as stream:
        stream.write(b"".join(text))
    times.append(process_time())
    us = [(b - a) / len(ready) * 1e6 for a, b in pairwise(times)]
    return {
        "events": len(ready),
        "cpu_s": times[-1] - times[0],
        "us_per_event": dict(zip(("json", "zstd"), us, strict=True)),
    }


def _lines(root: Path) -> Iterator[bytes]:
    """Lines of a world that are events, poison left out."""
    import orjson
    import pyarrow as pa

    for part in sorted(root.glob("*/events/*")):
        with pa.input_stream(str(part), compression="zstd") as stream:
            for line in stream.read().splitlines():
                try:
                    orjson.loads(line)
                except orjson.JSONDecodeError:
                    continue
                yield line


def main(work: str, *asked: str) -> None:
    """Run one side, `make` or `spell`, on the last core allowed; print its figures as JSON."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    if work == "make":
        found = make(int(asked[0]), int(asked[1]), Path(asked[2]))
    else:
        found = spell(Path(asked[0]))
    sys.stdout.write(json.dumps(found) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
