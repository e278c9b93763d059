"""The devices that guards carry: what they measure, and what they would send if nothing delayed it.

Belongs here: positions, heartbeats and phone events at their true times, batteries, clocks and
failures. Does not belong here: when and in what state an event arrives (`observe`).
"""
