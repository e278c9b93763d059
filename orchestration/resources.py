"""Resources: where a run's platform comes from. What assets do with it belongs in `assets`."""

from __future__ import annotations

from datetime import UTC, datetime

import dagster as dg

from assets.platform import Platform


class PlatformResource(dg.ConfigurableResource):
    """The installation that the environment names, looked up when a run or a tick starts."""

    def create_resource(self, context: dg.InitResourceContext) -> Platform:  # noqa: ARG002
        """The platform of the settings as they are now.

        Raises:
            ServerDownError: The embedded database server is not running.
        """
        from vigia.config.settings import Settings
        from vigia.store.lake import Lake

        settings = Settings()
        return Platform(
            database=settings.database(),
            lake=Lake(settings.layout.lake),
            home=settings.home,
            clock=lambda: datetime.now(UTC),
        )
