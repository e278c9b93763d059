"""Duties over stored data: refresh, archive, retention, clocks. No scheduler and no web here."""
