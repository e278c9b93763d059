"""A simulated guarding company whose truth is known, for measuring, demonstrating and developing.

Belongs here: the world, what happens in it, what devices and systems report of it, and the truth
that only evaluation may read. Does not belong here: loading a world (that is an import like any
other), or judging the product against it (`vigia.evaluate`).

Rates, spans and shapes are those of published sources where there are any; the others are
assumptions and say so. Nothing in an event may tell that it was planned.
"""
