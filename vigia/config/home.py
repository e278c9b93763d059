"""The layout of VIGIA_HOME: which file lies where, and the secret that passwords derive from.

Belongs here: names and rights of files under the home folder. Does not belong here: starting or
stopping anything that lives there (`vigia.services`), or what the files of other programs mean.
"""

import os
import secrets
import socket
from dataclasses import dataclass
from pathlib import Path

from vigia.domain.errors import VigiaError

LOOPBACK = "127.0.0.1"
ADMIN_ROLE = "vigia_admin"
DATABASE_NAME = "vigia"


class ServerDownError(VigiaError):
    """The embedded database server is not running."""


def default_home() -> Path:
    """Name the home folder used when VIGIA_HOME is not set.

    PostgreSQL refuses to run as root, and the user it runs as instead cannot reach root's own
    home folder, so root's default lies in the system's place for state.
    """
    return Path("/var/lib/vigia") if os.geteuid() == 0 else Path.home() / ".vigia"


@dataclass(frozen=True)
class Home:
    """Paths under one VIGIA_HOME."""

    root: Path

    @property
    def secret_file(self) -> Path:
        """Key material for the passwords of database roles and for signed tokens."""
        return self.root / "secret"

    @property
    def postgres(self) -> Path:
        """Folder of the embedded server: binaries (for root), data and socket."""
        return self.root / "postgres"

    @property
    def postgres_data(self) -> Path:
        """The embedded server's data folder, owned by the user it runs as."""
        return self.postgres / "data"

    @property
    def postgres_password_file(self) -> Path:
        """Password of the embedded server's administrator; never readable by others."""
        return self.root / "postgres-password"

    @property
    def logs(self) -> Path:
        """One log file per service."""
        return self.root / "logs"

    @property
    def lake(self) -> Path:
        """Parquet files of days that can no longer change."""
        return self.root / "lake"

    @property
    def worlds(self) -> Path:
        """Simulated companies that the demo made, truth included."""
        return self.root / "worlds"

    @property
    def scoreboards(self) -> Path:
        """What was found against what was true, a file a board."""
        return self.root / "scoreboards"

    @property
    def dagster(self) -> Path:
        """DAGSTER_HOME: generated configuration, compute logs."""
        return self.root / "dagster"

    @property
    def mlflow(self) -> Path:
        """MLflow's artifacts."""
        return self.root / "mlflow"

    @property
    def supervisor_file(self) -> Path:
        """What `vigia up` runs at the moment; locked while it runs."""
        return self.root / "supervisor.json"

    def create(self) -> None:
        """Make the home folder, reachable by its owner only (root: its server user may pass through).

        A folder that exists keeps its rights, unless it is empty and ours: then it was made for us.
        """
        mode = 0o711 if os.geteuid() == 0 else 0o700
        try:
            self.root.mkdir(mode=mode, parents=True, exist_ok=True)
            if self.root.stat().st_uid == os.geteuid() and not any(self.root.iterdir()):
                self.root.chmod(mode)
        except OSError as error:
            raise VigiaError(
                f"Cannot use {self.root} as VIGIA_HOME: {error.strerror or error}. "
                "Set VIGIA_HOME to a folder that this user may write to."
            ) from error

    def secret(self) -> bytes:
        """Return this installation's secret (32 bytes), making it on first use."""
        return bytes.fromhex(self._kept_once(self.secret_file))

    def postgres_password(self) -> str:
        """Return the embedded administrator's password, making it on first use."""
        return self._kept_once(self.postgres_password_file)

    def postgres_port(self) -> int:
        """Return the port on which the embedded server answers.

        Raises:
            ServerDownError: nothing is listening; the text says how to start it.
        """
        port = self.recorded_port()
        if port is None or not is_listening(LOOPBACK, port):
            raise ServerDownError(
                f"The database server of {self.root} is not running. "
                "Start it with `vigia up --only postgres`, or set VIGIA_DATABASE_URL to use yours."
            )
        return port

    def admin_url(self) -> str:
        """Return the administrator's URL of the running embedded server.

        Raises:
            ServerDownError: the server is not running.
        """
        login = f"{ADMIN_ROLE}:{self.postgres_password()}"
        return f"postgresql://{login}@{LOOPBACK}:{self.postgres_port()}/{DATABASE_NAME}"

    def recorded_port(self) -> int | None:
        """Return the port in the server's own pid file (line 4 of postmaster.pid), if there is one.

        The file stays behind when the server is killed.
        """
        try:
            lines = (self.postgres_data / "postmaster.pid").read_text().splitlines()
            return int(lines[3])
        except (FileNotFoundError, IndexError, ValueError):
            return None
        except PermissionError as error:
            raise VigiaError(
                f"{self.root} belongs to another user. Run as that user, or set VIGIA_HOME."
            ) from error

    def _kept_once(self, path: Path) -> str:
        """Read a random token from a file, writing it first when there is none.

        Two processes may race for the first use: the token is written aside and linked into
        place, so that the loser reads the winner's and nobody ever reads half a token.
        """
        if not path.exists():
            self.create()
            draft = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
            draft.touch(mode=0o600)
            draft.write_text(secrets.token_hex(32))
            try:
                os.link(draft, path)
            except FileExistsError:
                pass
            finally:
                draft.unlink()
        return path.read_text().strip()


def is_listening(host: str, port: int, timeout_s: float = 1.0) -> bool:
    """Tell whether something accepts TCP connections at host and port."""
    try:
        with socket.create_connection((host, port), timeout=timeout_s):
            return True
    except OSError:
        return False
