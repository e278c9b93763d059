"""The world as it stands still: places, people, devices, tours, and the roster of who works when.

Belongs here: what exists and what was planned. What happens is in `field`, `devices` and `desk`;
what is made to happen is in `plan`.
"""
