"""Who has signed in, where the page asks for it: by a password of this server, or by a Hugging Face account."""

from __future__ import annotations

import importlib.util
import os
import time
from collections.abc import Mapping
from typing import Any

from musictx.errors import SettingsError

LOGINS = "MUSICTX_LOGINS"


def read_logins(environment: Mapping[str, str]) -> list[tuple[str, str]]:
    """Names and passwords from MUSICTX_LOGINS, "name:password,name:password"; with them the whole page is locked.

    Raises:
        SettingsError: for an entry without a name or a password.
    """
    logins = []
    for number, entry in enumerate(filter(str.strip, environment.get(LOGINS, "").split(",")), 1):
        name, _, password = entry.strip().partition(":")
        if not name.strip() or not password:
            raise SettingsError(f"{LOGINS} is name:password,name:password. Its entry {number} has no name or password.")
        logins.append((name.strip(), password))
    return logins


def has_accounts(environment: Mapping[str, str] = os.environ) -> bool:
    """Whether people sign in with a Hugging Face account here: on a Space with hf_oauth in its head.

    Elsewhere Gradio only pretends to, which must open nothing.
    """
    needed = all(environment.get(name) for name in ("SPACE_ID", "OAUTH_CLIENT_ID", "OAUTH_CLIENT_SECRET"))
    return needed and importlib.util.find_spec("authlib") is not None


def user_of(request: Any, environment: Mapping[str, str] = os.environ) -> str | None:
    """The signed-in name behind a `gr.Request`; None without one."""
    name = getattr(request, "username", None)
    if name or not has_accounts(environment):
        return str(name) if name else None
    account = _session(request).get("oauth_info") or {}
    if account.get("expires_at", 0) <= time.time():
        return None
    return account.get("userinfo", {}).get("preferred_username") or None


def _session(request: Any) -> Mapping[str, Any]:
    """The signed session of a request; a queued one has been rebuilt and holds it plainly."""
    inner = getattr(request, "request", None) or request
    scope = getattr(inner, "scope", None)
    found = scope.get("session") if isinstance(scope, dict) else getattr(inner, "session", None)
    return found or {}
