"""What a finished demo hands to the tests that look at it."""

from __future__ import annotations

from dataclasses import dataclass

from vigia.config.settings import Settings
from vigia.services.demo import DemoReport
from vigia.store.connection import Database


@dataclass(frozen=True)
class FinishedDemo:
    """An installation after `vigia demo --no-serve` over the shipped samples."""

    settings: Settings
    database: Database
    report: DemoReport
