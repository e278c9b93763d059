"""Whether data can be trusted: contracts of tables, and value suites built from the dictionary.

Frames and catalogue rows in, verdicts out. Reading rows and keeping verdicts belongs to
`vigia.store.quality`; when suites run belongs to `orchestration`. The only package that imports
Great Expectations, inside functions.
"""
