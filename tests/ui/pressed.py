"""What stands in a tab's controls when Generate is pressed, in the order in which Gradio hands it over."""

from __future__ import annotations

from typing import Any

from musictx.ui.forms import COMPOSE, OF_SIDE, names, usual_settings


def on_compose(**changes: Any) -> tuple[Any, ...]:
    """The values of the Compose tab: the usual ones but for `changes`."""
    values = {**usual_settings(), **changes}
    assert set(values) == set(names(COMPOSE)), changes
    return tuple(values[name] for name in names(COMPOSE))


def on_side(**changes: Any) -> tuple[Any, ...]:
    """The values of one side of the Compare tab: the usual ones but for `changes`."""
    values = {name: usual_settings()[name] for name in names(OF_SIDE)} | changes
    assert set(values) == set(names(OF_SIDE)), changes
    return tuple(values.values())
