"""Settings of one installation, read from the environment (and an optional `.env`) in one place.

Belongs here: every VIGIA_* variable, its default and its description; the settings page is
generated from this class. Does not belong here: rules of the product, which live in policy files.
"""

from pathlib import Path

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from vigia.config.home import LOOPBACK, Home, default_home
from vigia.store.connection import Database

REPOSITORY = Path(__file__).resolve().parents[2]


def default_data() -> Path | None:
    """Find the folder of real data that may lie beside the repository."""
    beside = REPOSITORY.parent / "shared" / "data"
    return beside if beside.is_dir() else None


def _port(preferred: int, service: str) -> int:
    """Declare a port setting: a preferred number, or 0 for any free one."""
    description = (
        f"Port of {service}. When it is taken the next free one is used; 0 takes any free port."
    )
    field: int = Field(default=preferred, ge=0, le=65535, description=description)
    return field


class Settings(BaseSettings):
    """All settings; each is read from the environment variable VIGIA_<NAME>."""

    model_config = SettingsConfigDict(
        env_prefix="VIGIA_", env_file=".env", env_ignore_empty=True, extra="ignore", frozen=True
    )

    home: Path = Field(
        default_factory=default_home,
        description="Folder of everything this installation keeps: database, lake, logs, secret. "
        "Default `~/.vigia`; for root `/var/lib/vigia`.",
    )
    database_url: SecretStr | None = Field(
        default=None,
        description="Administrator's URL of your own PostgreSQL (16 or newer), for example "
        "`postgresql://admin:password@db.example.org/vigia`. Empty: an embedded server is used.",
    )
    data: Path | None = Field(
        default_factory=default_data,
        description="Folder of real data that the demo loads. Default `../shared/data` beside the "
        "repository when present, else the sample shipped under `examples/`.",
    )
    host: str = Field(
        default=LOOPBACK,
        description="Address that the web services listen on. Anything but loopback opens them to "
        "the network: put a proxy with authentication in front.",
    )
    dagster_port: int = _port(3000, "the Dagster web server")
    streamlit_port: int = _port(8501, "the dashboard")
    mlflow_port: int = _port(5000, "the MLflow server")
    postgres_port: int = _port(0, "the embedded PostgreSQL server (loopback only)")

    @field_validator("home", "data")
    @classmethod
    def _absolute(cls, path: Path | None) -> Path | None:
        """Services run in other folders than the shell, so a relative path is settled here."""
        return None if path is None else path.expanduser().absolute()

    @property
    def layout(self) -> Home:
        """Paths under the home folder."""
        return Home(self.home)

    @property
    def is_embedded(self) -> bool:
        """Whether this installation runs its own database server."""
        return self.database_url is None

    def database(self) -> Database:
        """Return the operational database: yours, or the running embedded server's.

        Its transactions share the connections of this process.

        Raises:
            ServerDownError: the embedded server is not running; the text says how to start it.
        """
        if self.database_url is not None:
            url = self.database_url.get_secret_value()
        else:
            url = self.layout.admin_url()
        return Database(url, self.layout.secret(), reuses=True)
