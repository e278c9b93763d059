"""What exists: every table of the product as a Dagster asset, a thin shell around its duty.

A body reads, calls, and says what it did; the work itself is in `vigia.worker`. When assets run,
with what and in which order belongs to `orchestration`.
"""
