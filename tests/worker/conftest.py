"""What the tests of this folder store in."""

from pathlib import Path

import pytest

from vigia.store.lake import Lake


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    """An empty lake of this test's own."""
    return Lake(tmp_path / "lake")
