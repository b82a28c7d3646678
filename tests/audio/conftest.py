"""What every sound test needs: one font of tones, written once."""

from __future__ import annotations

import pytest

from musictx.audio.soundfont import SoundFont
from tests.audio.fonts import write_tones


@pytest.fixture(scope="session")
def tones(tmp_path_factory: pytest.TempPathFactory) -> SoundFont:
    """The font of `write_tones`."""
    return write_tones(tmp_path_factory.mktemp("fonts") / "tones.sf2")
