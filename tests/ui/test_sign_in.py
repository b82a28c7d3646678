"""Who has signed in."""

from __future__ import annotations

import time
from types import SimpleNamespace
from typing import Any

import pytest

from musictx.errors import SettingsError
from musictx.ui.access.sign_in import has_accounts, read_logins, user_of

SPACE = {"SPACE_ID": "someone/musictx", "OAUTH_CLIENT_ID": "id", "OAUTH_CLIENT_SECRET": "secret"}


def asks(name: str | None = None, **account: Any) -> Any:
    """A request with a name of this server, or with an account in its signed session."""
    scope = {"session": {"oauth_info": account}} if account else {}
    return SimpleNamespace(username=name, request=SimpleNamespace(scope=scope))


def test_logins_are_read_with_colons_in_passwords() -> None:
    assert read_logins({}) == []
    assert read_logins({"MUSICTX_LOGINS": "ada:pass:word, emil:x,"}) == [("ada", "pass:word"), ("emil", "x")]


@pytest.mark.parametrize("text", ["ada", "ada:", ":secret", "ada:secret,emil"])
def test_a_login_without_a_password_is_refused_and_not_repeated(text: str) -> None:
    with pytest.raises(SettingsError, match="name:password") as caught:
        read_logins({"MUSICTX_LOGINS": text})
    assert "secret" not in str(caught.value)


def test_an_account_counts_only_on_a_space(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: SimpleNamespace())
    account: dict[str, Any] = {"userinfo": {"preferred_username": "ada"}, "expires_at": time.time() + 60}
    assert has_accounts(SPACE) and user_of(asks(**account), SPACE) == "ada"
    assert user_of(asks(**account), {}) is None  # elsewhere Gradio lets anybody pretend
    assert user_of(asks(**{**account, "expires_at": time.time() - 1}), SPACE) is None
    assert user_of(asks(), SPACE) is None
    queued: Any = SimpleNamespace(username=None, request=None, session={"oauth_info": account})
    assert user_of(queued, SPACE) == "ada"
    assert user_of(asks("emil", **account), SPACE) == "emil"


def test_without_its_library_there_are_no_accounts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert not has_accounts(SPACE)
