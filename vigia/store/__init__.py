"""Postgres and the lake: the only writers of the operational truth."""
