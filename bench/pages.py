"""F09: every dashboard page over 42 days of many sites, painted by Streamlit's own test runner.

`python -m bench.pages` paints them in a process of its own and prints one JSON object. A paint is
a whole run of the page's script, reads and figures included; a browser then draws it.
"""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median
from time import perf_counter, process_time
from typing import TYPE_CHECKING, Any

from bench.engines import peak_mb
from bench.run import Bench
from vigia.config.home import Home
from vigia.config.settings import REPOSITORY
from vigia.store.connection import Database

if TYPE_CHECKING:
    from streamlit.testing.v1 import AppTest

HOME = REPOSITORY / "dashboards" / "Home.py"
SITES = 100
ROUNDS = 5
_PATIENCE_S = 120


def pages(size: int | None = None) -> Bench:
    """First paint of each page over 100 sites, against the page again with its reads cached.

    Args:
        size: About how many positions the company has; its sites and the rest follow from it.
    """
    from bench.company import FIXES_A_SITE, found_company
    from bench.database import scratch_database

    sites = max(1, size // FIXES_A_SITE) if size else SITES
    with tempfile.TemporaryDirectory(prefix="vigia-pages-") as folder, scratch_database() as base:
        found_company(base, Path(folder), sites)
        painted = _painted(base, Path(folder))
    first, again = painted["first"], painted["again"]
    slowest = max(first, key=lambda page: first[page]["seconds"])
    return Bench(
        "pages",
        "streamlit: the same page again, its reads cached",
        again[slowest]["seconds"] / first[slowest]["seconds"],
        None,
        painted["peak_mb"],
        {
            "sites": sites,
            "page": list(first),
            "first_paint_s": [each["seconds"] for each in first.values()],
            "first_paint_cpu_s": [each["cpu_s"] for each in first.values()],
            "again_s": [each["seconds"] for each in again.values()],
            "cold_process_s": painted["cold_s"],
        },
    )


def _painted(database: Database, folder: Path) -> dict[str, Any]:
    """What a process of its own says, which sees that database alone."""
    home = Home(folder)
    home.secret_file.touch(mode=0o600)
    home.secret_file.write_text(database.secret.hex())
    seen = {"VIGIA_HOME": str(folder), "VIGIA_DATABASE_URL": database.admin_url}
    done = subprocess.run(
        [sys.executable, "-m", "bench.pages"],
        check=True,
        stdout=subprocess.PIPE,
        cwd=REPOSITORY,
        env={**os.environ, **seen},  # noqa: TID251 - passed on
    )
    painted: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return painted


def paint() -> dict[str, Any]:
    """Paint every page: first in a fresh process, then with libraries loaded, then from caches."""
    import streamlit as st
    from streamlit.testing.v1 import AppTest

    # It remarks at every cache that no server runs; levels are set anew by every run.
    logging.getLogger("streamlit.runtime.caching.cache_data_api").disabled = True
    started = perf_counter()
    app = AppTest.from_file(str(HOME), default_timeout=_PATIENCE_S)
    _run(app)
    cold_s = perf_counter() - started
    first: dict[str, dict[str, float]] = {}
    again: dict[str, dict[str, float]] = {}
    for page in sorted((HOME.parent / "views").glob("*.py")):
        app.switch_page(f"views/{page.name}")
        _run(app)  # the page's own imports
        for times, is_first in ((first, True), (again, False)):
            runs = []
            for _ in range(ROUNDS):
                if is_first:
                    st.cache_data.clear()
                runs.append(_run(app))
            times[page.stem] = {key: median(run[key] for run in runs) for key in runs[0]}
    return {"cold_s": cold_s, "first": first, "again": again, "peak_mb": peak_mb()}


def _run(app: AppTest) -> dict[str, float]:
    started, cpu = perf_counter(), process_time()
    app.run()
    took = {"seconds": perf_counter() - started, "cpu_s": process_time() - cpu}
    assert not app.exception, app.exception
    # The company has no findings, baselines and scores; their pages say so.
    assert app.dataframe or app.info, "the page shows neither rows nor why there are none"
    return took


if __name__ == "__main__":
    sys.stdout.write(json.dumps(paint()) + "\n")
