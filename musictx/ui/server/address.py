"""Where the page listens: checked before anything heavy is loaded, so that a port in use costs one sentence."""

from __future__ import annotations

import argparse
import errno
import os
import socket

from musictx.errors import SettingsError

LARGEST_PORT = 2**16 - 1


def read_port(text: str) -> int:
    """A port as it is typed, for an option's `type`."""
    if not text.isdecimal() or not 1 <= int(text) <= LARGEST_PORT:
        raise argparse.ArgumentTypeError(f"give a number from 1 to {LARGEST_PORT}, not {text!r}")
    return int(text)


def check_address(host: str, port: int) -> None:
    """Raises SettingsError, with the remedy, unless the page can listen at `host` and `port` now."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    except (socket.gaierror, UnicodeError) as error:
        raise SettingsError(f"{host!r} is no address. Give --host 127.0.0.1, or 0.0.0.0 for all networks.") from error
    with socket.socket(family, kind, protocol) as probe:
        if os.name == "posix":  # as the server does: connections of a page that has just ended are no hindrance
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(address)
        except OSError as error:
            raise SettingsError(_sentence(host, port, error)) from error


def _sentence(host: str, port: int, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        other = port + 1 if port < LARGEST_PORT else port - 1
        return f"Port {port} is in use, perhaps by another musictx. End that one, or give another port: --port {other}"
    if error.errno == errno.EACCES:
        return f"Port {port} may not be used by you. Give one above 1023: --port 7860"
    if error.errno == errno.EADDRNOTAVAIL:
        return f"{host} is no address of this machine. Give --host 127.0.0.1, or 0.0.0.0 for all networks."
    return f"The page cannot listen on {host}, port {port} ({error.strerror or error}). Give others: --host, --port"
