"""Long-running programs of one machine: the embedded PostgreSQL and the supervisor.

Starts, watches and stops processes. Knows nothing of what they compute.
"""
