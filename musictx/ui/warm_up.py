"""Loads and compiles the model behind the page, so that the page opens at once."""

from __future__ import annotations

import contextlib
import logging
import threading
from typing import TYPE_CHECKING

from musictx.errors import CheckpointError, MusictxError

if TYPE_CHECKING:
    from musictx.studio import Studio

PREPARING = "Preparing the model…"


class WarmUp:
    """State of one warm-up: "preparing", "ready" or "failed" with the reason in `problem`.

    checkpoint: the page's own one, which its picker shows first; None if there is none at all.
    """

    def __init__(self, studio: Studio, checkpoint: str | None) -> None:
        self._studio, self.checkpoint = studio, checkpoint
        self._done = threading.Event()
        self.problem = ""

    def start(self) -> WarmUp:
        """Begins in the background; returns itself."""
        threading.Thread(target=self._warm, name="musictx-warm-up", daemon=True).start()
        return self

    @property
    def state(self) -> str:
        """ "preparing", "ready" or "failed"."""
        if not self._done.is_set():
            return "preparing"
        return "failed" if self.problem else "ready"

    def wait(self, timeout_s: float) -> bool:
        """Whether it was over within `timeout_s`."""
        return self._done.wait(timeout_s)

    def sentence(self) -> str:
        """What stands under the button; empty when there is nothing to say."""
        return {"preparing": PREPARING, "failed": self.problem}.get(self.state, "")

    def _warm(self) -> None:
        try:
            if self.checkpoint is None:
                raise CheckpointError("No checkpoint was found. Put one into checkpoints/ and start the page again.")
            self._studio.warm_up(self.checkpoint)
        except MusictxError as error:
            self.problem = str(error)
        except Exception:
            logging.getLogger(__name__).exception("the model could not be prepared")
            self.problem = "The model could not be prepared. The terminal shows why."
        finally:
            self._done.set()
        with contextlib.suppress(MusictxError, OSError):  # whoever asks for it hears why
            self._studio.sample_pack(None)
