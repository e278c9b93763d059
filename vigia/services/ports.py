"""Choosing TCP ports. Nothing is reserved: a port is only known to be free at that moment."""

import socket

TRIES = 20


def is_free(host: str, port: int) -> bool:
    """Tell whether a server could listen on host and port right now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        # As servers do: connections of a stopped one that linger in TIME_WAIT are no obstacle.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
        return True


def choose_port(host: str, preferred: int, avoid: frozenset[int] = frozenset()) -> int:
    """Return the preferred port or the next free one; any free port when that is 0.

    Args:
        host: Address to listen on.
        preferred: First choice; 0 for no preference.
        avoid: Ports promised to others that do not listen yet.
    """
    if preferred:
        for port in range(preferred, min(preferred + TRIES, 65536)):
            if port not in avoid and is_free(host, port):
                return port
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.bind((host, 0))
        port = int(probe.getsockname()[1])
    return port if port not in avoid else choose_port(host, 0, avoid)
