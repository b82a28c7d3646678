"""What a take shares with the training data, for the page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from musictx.errors import MusictxError
from musictx.takes import Take, sharing_sentence

if TYPE_CHECKING:
    from musictx.studio import Studio


def sharing_words(studio: Studio, take: Take) -> str:
    """What a take shares with the training data, as a sentence; "" where nobody can say."""
    try:
        found = studio.sharing(take)
    except MusictxError as error:
        return str(error)
    sentence = "" if found is None else sharing_sentence(found)
    return sentence[:1].upper() + sentence[1:]
