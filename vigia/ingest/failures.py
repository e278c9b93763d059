"""What goes wrong between us and the database, in words that say what to do.

Belongs here: turning driver errors into messages. Events that are wrong are no failure: they
are quarantined.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from vigia.domain.errors import VigiaError

_AGAIN = (
    "Nothing of the chunk that was being written is stored; what was acknowledged before is. "
    "Send everything again: events that are stored already are recognised."
)


class IngestError(VigiaError):
    """A delivery could not be stored; nothing of its last chunk was."""


@contextmanager
def explained() -> Iterator[None]:
    """Turn errors of the database into an `IngestError` that says what to do."""
    import psycopg
    from psycopg import errors

    try:
        yield
    except errors.DiskFull as error:
        raise IngestError(
            f"The database's disk is full ({first_line(error)}). Free space there. {_AGAIN}"
        ) from error
    except errors.ReadOnlySqlTransaction as error:
        raise IngestError(
            f"The database takes no writes ({first_line(error)}): it is a standby or was made "
            f"read-only. Name the primary server in VIGIA_DATABASE_URL. {_AGAIN}"
        ) from error
    except (errors.UndefinedTable, errors.UndefinedColumn, errors.UndefinedFunction) as error:
        raise IngestError(
            f"The database is not at this version's schema ({first_line(error)}). "
            "Run `vigia migrate`, then try again."
        ) from error
    except (errors.DeadlockDetected, errors.SerializationFailure) as error:
        raise IngestError(
            f"Deliveries kept waiting for each other ({first_line(error)}). {_AGAIN}"
        ) from error
    except psycopg.OperationalError as error:
        raise IngestError(
            f"The database does not answer ({first_line(error)}). Check `vigia status`, or start "
            f"it with `vigia up --only postgres`. {_AGAIN}"
        ) from error


def first_line(error: Exception) -> str:
    """The first line of an error's text, or its name when it has none."""
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__
