"""The whole page: header, tabs, events, limits; and how it is served."""

from __future__ import annotations

import json
import logging
import os
from html import escape
from typing import TYPE_CHECKING, Any

import gradio as gr

from musictx.config import EQUAL_TAKES
from musictx.errors import CheckpointError
from musictx.hosting.files import own_files
from musictx.hosting.settings import HostSettings
from musictx.hosting.watch import Watch
from musictx.midi.files import MIDI_SUFFIXES
from musictx.midi.writing import import_writer
from musictx.ui import icons
from musictx.ui.about.tab import build_about
from musictx.ui.access.identity import build_browser_state
from musictx.ui.access.own_checkpoints import OwnCheckpoints
from musictx.ui.access.sign_in import read_logins
from musictx.ui.access.stop_flags import StopFlags
from musictx.ui.api.build import build_api
from musictx.ui.browser_state.settings import settings_store
from musictx.ui.browser_state.takes import MOST_KEPT
from musictx.ui.compare.events import wire_compare
from musictx.ui.compare.handlers import CompareHandlers
from musictx.ui.compare.tab import build_compare
from musictx.ui.component import PAGE_SCRIPTS
from musictx.ui.compose.events import wire
from musictx.ui.compose.handlers import ComposeHandlers
from musictx.ui.compose.tab import build_compose
from musictx.ui.controls import DEFAULT_CONTEXT_SECONDS, default_checkpoint
from musictx.ui.seed.events import wire_meeting
from musictx.ui.seed.handlers import SeedHandlers
from musictx.ui.server.address import check_address
from musictx.ui.server.application import hosting_options
from musictx.ui.server.lifetime import serve_until_ended
from musictx.ui.server.watched_studio import watched
from musictx.ui.sources import HERE, joined_sources
from musictx.ui.theme import build_theme, read_component_styles, read_styles
from musictx.ui.train.events import TrainHandlers, wire_train
from musictx.ui.train.tab import build_train
from musictx.ui.warm_up import WarmUp

if TYPE_CHECKING:
    from musictx.studio import Studio
    from musictx.workshop.policy import TrainingPolicy
    from musictx.workshop.workshop import Workshop

# Downloads and uploads live for four hours. An upload's path is made of its content, so visitors who bring
# the same file share it: a handler that removed it would take it from another one who is just being served.
CACHE_SWEEP_S, CACHE_AGE_S = 900, 4 * 3600
# A little above the 2 MB for a seed: what lies between is answered with a sentence, the rest never stored.
MAX_UPLOAD = 4 * 2**20


def build_page(
    studio: Studio,
    warm_up: WarmUp,
    workshop: Workshop,
    settings: HostSettings | None = None,
    watch: Watch | None = None,
) -> gr.Blocks:
    """The page over `studio` and `workshop`; nothing heavy happens before a visitor comes.

    Args:
        settings: of the host, from the environment if not given.
        watch: counts what is made.

    Raises:
        MidiError: if the built-in seeds are missing.
        SettingsError: if the environment holds a setting that is none.
    """
    settings = settings or HostSettings.from_environment(os.environ)
    seeds = SeedHandlers(studio)
    music = ComposeHandlers(watched(studio, watch), StopFlags(settings.at_once), warm_up, workshop)
    first = seeds.first_picture()
    with gr.Blocks(
        title="musictx", analytics_enabled=False, delete_cache=(CACHE_SWEEP_S, CACHE_AGE_S), fill_width=True
    ) as page:
        # The header is the component that is always there.
        script = joined_sources(PAGE_SCRIPTS)
        gr.HTML(_header(studio), js_on_load=script, elem_id="header", apply_default_css=False)
        kept = build_browser_state()
        with gr.Tabs(elem_id="tabs") as tabs:
            with gr.Tab("Compose", id="compose") as compose_shown:
                report = seeds.report_of(first.seed, DEFAULT_CONTEXT_SECONDS)
                tab = build_compose(studio, first, report, warm_up)
            with gr.Tab("Compare", id="compare", elem_id="compare-tab") as compare_shown:
                compare = build_compare(studio, first, report, warm_up.checkpoint)
            with gr.Tab("Train", id="train"):
                train = build_train(studio, workshop, kept)
            with gr.Tab("About", id="about"):
                build_about(studio)
        build_api(music)
        wire(page, tab, seeds, music, kept, settings_store("compose"))
        comparing = CompareHandlers(music, OwnCheckpoints(workshop))
        wire_compare(page, compare, compare_shown, seeds, comparing, kept, settings_store("compare"), tab.sound)
        for shown, mine, other in ((compose_shown, tab, compare), (compare_shown, compare, tab)):
            wire_meeting(shown, mine, other, seeds)
        wire_train(page, train, tab, tabs, TrainHandlers.over(workshop, settings.at_once))
    # Not open to direct requests: what has a queue is asked for through it, so that nobody passes the others.
    return page.queue(max_size=settings.waiting, default_concurrency_limit=4, api_open=False)


def launch_options(
    workshop: Workshop, settings: HostSettings | None = None, watch: Watch | None = None
) -> dict[str, Any]:
    """What Gradio 6 takes at launch: look, limits, footer, and the guards around it all; see `build_page`."""
    return {
        **hosting_options(upload_limit(workshop), workshop.studio.sample_pack, settings, watch),
        "theme": build_theme(),
        "css": read_styles(),
        "head": read_component_styles(),
        "max_file_size": upload_limit(workshop),
        "footer_links": ["api"],
        "ssr_mode": False,  # one server, no Node beside it
        "show_error": True,
        "favicon_path": str(HERE / "favicon.svg"),
    }


def upload_limit(workshop: Workshop) -> int:
    """The most bytes of one upload: a dataset's where somebody may train, else little more than a seed's."""
    policy: TrainingPolicy = workshop.policy
    is_open = policy.everybody or bool(policy.trainers)
    return max(MAX_UPLOAD, workshop.limits.upload_bytes) if is_open else MAX_UPLOAD


def serve(
    studio: Studio,
    workshop: Workshop,
    *,
    host: str,
    port: int,
    checkpoint: str | None = None,
    share: bool = False,
    settings: HostSettings | None = None,
) -> None:
    """Opens the page, then prepares the model behind it; returns when the server is interrupted.

    Args:
        settings: of the host, from the environment if not given.

    Raises:
        CheckpointError: if `checkpoint` is given and there is none of that name.
        MidiError: if the built-in seeds are missing.
        SettingsError: if MUSICTX_LOGINS or another setting cannot be read, or nobody can listen at that host and port.
    """
    logins = read_logins(os.environ)
    settings = settings or HostSettings.from_environment(os.environ)
    chosen = _check(studio, checkpoint)
    check_address(host, port)
    import_writer()
    warm_up, watch = WarmUp(studio, chosen), Watch()
    watch.readiness(lambda: warm_up.state)
    with own_files():
        page = build_page(studio, warm_up, workshop, settings, watch)
        page.launch(
            server_name=host,
            server_port=port,
            share=share,
            auth=logins or None,
            prevent_thread_lock=True,
            **launch_options(workshop, settings, watch),
        )
        warm_up.start()
        serve_until_ended(page, settings)


def _check(studio: Studio, checkpoint: str | None) -> str | None:
    """The checkpoint to prepare; what is missing is said at start, with the remedy."""
    cards = studio.checkpoints()
    names = [card.name for card in cards]
    if checkpoint is not None and checkpoint not in names:
        raise CheckpointError(f"There is no checkpoint named {checkpoint!r}. There are: {', '.join(names) or 'none'}.")
    if not studio.soundfonts():
        logging.getLogger(__name__).warning("No SoundFont was found: takes can be saved as MIDI, but not heard.")
    return checkpoint or default_checkpoint(cards)


def _header(studio: Studio) -> str:
    fonts = studio.soundfonts()
    limits = {
        "equal_takes": EQUAL_TAKES,
        "kept_takes": MOST_KEPT,
        "soundfont": fonts[0].name if fonts else None,
        "seed": {"bytes": studio.limits.file_bytes, "suffixes": MIDI_SUFFIXES},
    }
    return (
        f'<header class="brand" data-limits="{escape(json.dumps(limits))}">'
        f'<h1 class="brand-name">{icons.BRAND}musictx</h1>'
        f'<button type="button" class="behind" hidden>{icons.PLAY}{icons.PAUSE}<span></span></button>'
        f'<button type="button" class="theme-switch" aria-label="Dark or light">{icons.THEME}</button></header>'
    )
