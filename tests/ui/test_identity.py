"""Who is in front of the Train tab."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from musictx.errors import TrainingError
from musictx.ui.access.identity import build_browser_state, owner_in, with_secret


def asks(user: str | None = None) -> Any:
    """A request by a signed-in user, or by nobody known."""
    return SimpleNamespace(username=user, session_hash="me")


def test_a_browser_gets_a_secret_once_and_keeps_it() -> None:
    first = with_secret(None)
    assert with_secret(first) == first
    assert with_secret({})["visitor"] != first["visitor"]
    owner = owner_in(first, asks())
    assert owner == owner_in(dict(first), asks()) and owner.startswith("visitor:")
    assert first["visitor"] not in owner  # what is written down opens nothing


def test_a_signed_in_name_is_stronger_than_the_secret() -> None:
    assert owner_in(with_secret(None), asks("ada")) == "user:ada"
    assert owner_in({"visitor": ""}, asks("ada")) == "user:ada"


@pytest.mark.parametrize("kept", [None, {}, {"visitor": ""}, {"visitor": "guess"}, "visitor", {"visitor": None}])
def test_without_a_secret_nobody_is_anybody(kept: Any) -> None:
    # an empty one would be shared by all browsers that keep nothing
    with pytest.raises(TrainingError, match="reload the page"):
        owner_in(kept, asks())


def test_what_a_browser_sends_is_cleaned() -> None:
    kept = with_secret({"visitor": "x" * 10_000, "dataset": ["a"], "more": 1})
    assert set(kept) == {"visitor", "dataset", "run"} and len(kept["visitor"]) == 100


def test_two_servers_read_the_same_store() -> None:
    first, second = build_browser_state(), build_browser_state()
    assert (first.storage_key, first.secret) == (second.storage_key, second.secret)
