"""What a visitor reads when something has failed."""

from __future__ import annotations

import logging

from musictx.errors import MusictxError

UNKNOWN = "Something went wrong inside musictx. What was there is kept; the terminal shows the details."


def sentence_of(error: Exception, what: str) -> str:
    """The error's own sentence if it is one of ours; anything else is logged as `what` and answered with UNKNOWN."""
    if isinstance(error, MusictxError):
        return str(error)
    logging.getLogger("musictx.ui").error(what, exc_info=error)
    return UNKNOWN
