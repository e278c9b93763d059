"""Findings: what is wrong, how bad it is, what shows it, who does what about it, and its life.

Everything here is a pure function of values and frames. Which condition makes a finding belongs to
the patterns and the audits; keeping findings to `vigia.store`; reading runbook files to
`vigia.config.runbooks`.
"""
