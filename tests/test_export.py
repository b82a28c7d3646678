"""What is handed over of a take: bars of the seed, the continuation alone, and no note cut at the join."""

from __future__ import annotations

from pathlib import Path

import mido
import pytest

from musictx.config import ComposeSettings, RenderSettings
from musictx.errors import AudioError
from musictx.midi.files import read_midi
from musictx.midi.join import seed_and_join
from musictx.midi.notes import NoteSequence
from musictx.studio import Studio
from musictx.takes import Take
from tests.midi.smf import off, on, smf, tempo, track
from tests.midi.test_bars import WALTZ, beats, marks, seconds


def take() -> Take:
    """A seed in 3/4 with an upbeat, whose last note ends 4 ms past a step, and two new notes on its key."""
    seed = read_midi(smf(track(*WALTZ, tempo(0, 480_000), on(960, 60), off(480, 60), on(0, 62), off(964, 62))))
    _, join_s = seed_and_join(seed.notes, seed.end_s)
    new = NoteSequence.from_tuples([(62, 70, 0.0, 0.3), (62, 70, 0.3, 0.6)]).shifted(join_s)
    return Take(1, seed.notes, new, join_s, 8, ComposeSettings(), False, seed.tempo_bpm or 120.0, seed.bars)


def test_no_new_note_is_cut_by_the_seed(tmp_path: Path) -> None:
    made = take()
    path = Studio().export(made, tmp_path, RenderSettings(), ("mid",))["mid"]
    heard = [end - start for pitch, start, end in seconds(path) if pitch == 62]
    assert heard == pytest.approx([0.964, 0.3, 0.3], abs=0.001)
    assert beats(path)[:2] == pytest.approx([2.0, 3.0], abs=0.002)  # the upbeat, and the first bar line
    assert [(mark.numerator, mark.denominator) for _, mark in marks(path, "time_signature")] == [(3, 4)]


def test_the_continuation_alone_begins_in_its_bar(tmp_path: Path) -> None:
    made = take()
    written = Studio().export(made, tmp_path, RenderSettings(), ("mid", "continuation"))
    assert written["continuation"].name == "take-1-continuation.mid"
    whole, alone = (read_midi(written[name]).notes for name in ("mid", "continuation"))
    assert len(alone) == 2 and alone.pitch.tolist() == whole.pitch[-2:].tolist()
    assert (alone.end_s - alone.start_s).tolist() == pytest.approx([0.3, 0.3], abs=0.001)
    join_beat = made.join_s / 0.48 + 2  # counted from the file's beginning
    assert beats(written["continuation"])[0] == pytest.approx(join_beat % 3, abs=0.005)
    division = mido.MidiFile(written["continuation"]).ticks_per_beat
    assert [tick / division for tick, _ in marks(written["continuation"], "time_signature")] == [0]


def test_an_unknown_format_is_refused(tmp_path: Path) -> None:
    with pytest.raises(AudioError, match="mid, continuation, wav"):
        Studio().export(take(), tmp_path, RenderSettings(), ("pdf",))
