"""Reaching Postgres: the product's roles, their addresses, and transactions for a tenant.

SQL of a domain word belongs in that word's own module.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from enum import StrEnum
from hashlib import sha256
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit, urlunsplit
from uuid import UUID

from vigia.store import idle

if TYPE_CHECKING:
    import psycopg


class Role(StrEnum):
    """Who speaks to Postgres; see ARCHITECTURE.md, storage."""

    OWNER = "vigia_owner"
    """Owns the tables; only migrations act as it, and no login exists."""
    APP = "vigia_app"
    """Request code: sees the tenant that trusted code set for the transaction."""
    WORKER = "vigia_worker"
    """Dagster, relay, retention: works across tenants."""
    ANALYTICS = "vigia_analytics"
    """dbt: reads across tenants, owns the analytic schemas."""
    QUERY = "vigia_query"
    """Group of the per-tenant roles that run queries composed from a person's words."""


LOGIN_ROLES = (Role.APP, Role.WORKER, Role.ANALYTICS)
# Never the query roles: what they run is composed from a person's words.
_KEPT_ROLES = frozenset({Role.APP, Role.WORKER})


@dataclass(frozen=True, slots=True)
class Database:
    """One Postgres database of the product.

    Attributes:
        admin_url: libpq URL of a role that may create roles and databases.
        secret: Installation secret from which the passwords of the product's roles derive.
        reuses: Whether transactions take connections that earlier ones of this process left.
    """

    admin_url: str = field(repr=False)
    secret: bytes = field(repr=False)
    reuses: bool = False

    @property
    def name(self) -> str:
        """The database's name."""
        return urlsplit(self.admin_url).path.lstrip("/")

    def with_database(self, name: str) -> Database:
        """The database of that name on the same server."""
        parts = urlsplit(self.admin_url)
        return replace(self, admin_url=urlunsplit(parts._replace(path=f"/{name}")))

    def password(self, role: str) -> str:
        """The password of a product role, computed and never stored."""
        return hmac.new(self.secret, role.encode(), sha256).hexdigest()

    def url(self, role: Role | str | None = None, *, driver: str | None = None) -> str:
        """The address to log in as a role; the administrator's when role is None.

        Args:
            role: A login role of the product.
            driver: SQLAlchemy driver, such as `psycopg2`. Always name it for SQLAlchemy: from
                2.1 on a bare `postgresql://` means psycopg 3, which dagster-postgres cannot use.
        """
        parts = urlsplit(self.admin_url)
        scheme = f"postgresql+{driver}" if driver else "postgresql"
        netloc = parts.netloc
        if role is not None:
            host = parts.netloc.rpartition("@")[2]
            netloc = f"{quote(str(role))}:{self.password(str(role))}@{host}"
        return urlunsplit(parts._replace(scheme=scheme, netloc=netloc))

    @contextmanager
    def connect(self, role: Role | str | None = None) -> Iterator[psycopg.Connection]:
        """A connection of its own in autocommit mode, closed afterwards."""
        with idle.opened(self.url(role)) as connection:
            yield connection

    @contextmanager
    def transaction(
        self, role: Role | str, tenant_id: UUID | None = None
    ) -> Iterator[psycopg.Connection]:
        """A connection inside one transaction: committed at the end, rolled back on an error.

        What is registered on the connection itself may outlive it; register on a cursor instead.

        Args:
            role: Who acts.
            tenant_id: Whose rows the `app` role may touch. Without it, that role sees none.
        """
        with self._lent(role) as connection, connection.transaction():
            set_tenant(connection, tenant_id)
            yield connection

    @contextmanager
    def _lent(self, role: Role | str) -> Iterator[psycopg.Connection]:
        """A connection for one transaction; after an error it is closed, whatever the error."""
        if not (self.reuses and role in _KEPT_ROLES):
            with self.connect(role) as connection:
                yield connection
            return
        waiting = idle.IDLE
        kept = waiting.take(self.url(role))
        try:
            yield kept.connection
        except BaseException:
            kept.connection.close()
            raise
        waiting.give_back(kept)


def set_tenant(connection: psycopg.Connection, tenant_id: UUID | None) -> None:
    """Set whose rows the rest of the transaction may touch. Trusted code only."""
    value = tenant_id.hex if tenant_id else ""
    # SET takes no parameters, and the function that does is revoked from the product's
    # roles; a UUID's hex digits cannot carry SQL.
    connection.execute(f"SET LOCAL vigia.tenant_id = '{value}'")
