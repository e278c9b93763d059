"""Names that compute themselves: ids of events, things and tenants.

Every id is a UUIDv8 (RFC 9562, section 5.8) cut from a SHA-256 of what names the thing, so
the same event or thing has the same id on every load and on every machine.
"""

from __future__ import annotations

from hashlib import sha256
from uuid import UUID

_VERSION_AND_VARIANT_MASK = ~((0xF << 76) | (0x3 << 62))
_VERSION_8_VARIANT_1 = (0x8 << 76) | (0x2 << 62)


def name_uuid(*parts: str) -> UUID:
    """The UUIDv8 of a sequence of strings; length-prefixed, so no two sequences collide.

    >>> name_uuid("a", "bc") == name_uuid("ab", "c")
    False
    """
    digest = sha256()
    for part in parts:
        raw = part.encode("utf-8", "surrogatepass")
        digest.update(len(raw).to_bytes(4, "big"))
        digest.update(raw)
    number = int.from_bytes(digest.digest()[:16], "big")
    return UUID(int=(number & _VERSION_AND_VARIANT_MASK) | _VERSION_8_VARIANT_1)


def tenant_id(slug: str) -> UUID:
    """The id of the tenant with that slug."""
    return name_uuid("tenant", slug)


def event_id(tenant: UUID, source: str, source_event_id: str) -> UUID:
    """The id of an event: CloudEvents calls equal source and id the same event."""
    return name_uuid("event", tenant.hex, source, source_event_id)


def reference_id(tenant: UUID, table: str, code: str) -> UUID:
    """The id of the thing that a tenant knows by a natural code, such as a site's."""
    return name_uuid("reference", tenant.hex, table, code)
