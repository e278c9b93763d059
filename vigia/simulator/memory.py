"""Memory that stays with the process: a world asks for the same blocks day after day.

Belongs here: what the allocators are told before they start. Giving memory back to the system and
asking for it again costs a tenth of the making of a world.
"""

from __future__ import annotations

import ctypes
import os
import sys

POLARS = "_RJEM_MALLOC_CONF", "dirty_decay_ms:30000,muzzy_decay_ms:30000"
"""The variable that the allocator inside Polars reads when it is loaded: how long it keeps memory."""
_TRIM, _TOP_PAD, _MMAP = -1, -2, -3
"""Names of what `mallopt` of the GNU C library can be told (`malloc.h`)."""
_KEPT = ((_TRIM, 1 << 30), (_TOP_PAD, 64 << 20), (_MMAP, 32 << 20))


def keep_freed_memory() -> None:
    """Let freed memory stay with this process, and with those that it starts.

    To be called before Polars is imported; afterwards, and where allocators are others, it does
    no harm and less good. Nothing that is computed depends on it.
    """
    name, told = POLARS
    os.environ.setdefault(name, told)  # noqa: TID251 - the allocator knows no other way
    if sys.platform == "linux":
        mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
        if mallopt is not None:
            for parameter, value in _KEPT:
                mallopt(parameter, value)
