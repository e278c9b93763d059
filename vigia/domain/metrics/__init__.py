"""Metrics: what is measured, 5-minute snapshots, rollups, signal windows and the router."""
