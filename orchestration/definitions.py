"""The code location that Dagster serves. What it consists of is said in `orchestration.build`."""

from orchestration.build import build_definitions

defs = build_definitions()
