"""Which tests may run in another process than their neighbours, under `pytest -n`.

A process has a server, a demo and a build of the marts of its own, as it needs them; none of them
is shared, so order and number of processes mean nothing to a test. They do cost: what must not be
set up twice is named here.
"""

from __future__ import annotations

from xdist.scheduler import LoadScopeScheduling

SET_UP_ONCE = {
    "tests/browser/": "demo",
    "tests/journeys/test_demo.py": "demo",
    "tests/journeys/test_tracks_on_the_dashboard.py": "demo",
    "tests/evaluate/": "a small world",
    # dbt, Dagster and Great Expectations: seconds to import, in every process again.
    "tests/dbt/": "heavy libraries",
    "tests/orchestration/": "heavy libraries",
    "tests/quality/": "heavy libraries",
    "tests/worker/test_analytics.py": "heavy libraries",
    "tests/worker/test_audit.py": "a loaded world",
    "tests/worker/test_collect.py": "a loaded world",
    "tests/worker/test_facts.py": "a loaded world",
    "tests/worker/test_quality.py": "heavy libraries",
}
"""Folder or file to the name of what its tests stay together for."""

LONGEST_FIRST = (
    "demo",
    "heavy libraries",
    "tests/journeys/test_incident_log.py",
    "tests/services/test_platform.py",
)
"""Units that would keep one process busy long after the others, if they came last."""


def unit_of(nodeid: str) -> str:
    """What a test stays together with: the tests of its file, if nothing larger is named.

    >>> unit_of("tests/browser/test_pages.py::test_no_page_calls_anybody_else")
    'demo'
    >>> unit_of("tests/domain/test_geo.py::test_half_way_round[1]")
    'tests/domain/test_geo.py'
    """
    file = nodeid.partition("::")[0]
    return next((unit for path, unit in SET_UP_ONCE.items() if file.startswith(path)), file)


class UnitScheduling(LoadScopeScheduling):
    """Hands whole units to whoever is free.

    xdist's own `loadgroup` does not see groups under pytest 9.2: it marks them by writing to a
    field of the tests that is no longer read.
    """

    def _split_scope(self, nodeid: str) -> str:
        return unit_of(nodeid)

    def _assign_work_unit(self, node: object) -> None:
        first = next((unit for unit in LONGEST_FIRST if unit in self.workqueue), None)
        if first is not None:
            self.workqueue.move_to_end(first, last=False)
        super()._assign_work_unit(node)
