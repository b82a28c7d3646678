"""A planted copy is found in any key and at any tempo; what was never there is not."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from musictx.errors import CheckpointError
from musictx.midi.notes import NoteSequence
from musictx.midi.passage_index import EXCERPT_NOTES, INDEX_FILE, PassageIndex
from musictx.midi.passages import BITS_PER_PASSAGE, N_GRAM, PROBES, PassageSet, SharedPassage, fingerprints
from musictx.takes import sharing_facts, sharing_sentence


def improvised(seed: int, notes: int = 400) -> NoteSequence:
    """Chords and lines that nobody wrote down: leaps of up to a sixth, one to three notes at once."""
    random = np.random.default_rng(seed)
    rows: list[tuple[int, int, float, float]] = []
    now, pitch = 0.0, 60
    while len(rows) < notes:
        now += float(random.choice([0.1, 0.2, 0.4]))
        pitch = int(np.clip(pitch + random.integers(-9, 10), 40, 80))
        for interval in np.cumsum([0, *random.integers(3, 8, random.integers(0, 3))]):
            rows.append((pitch + int(interval), 80, now + float(random.uniform(0, 0.01)), now + 0.5))
    return NoteSequence.from_tuples(rows[:notes])


def changed(notes: NoteSequence, semitones: int = 0, stretch: float = 1.0) -> NoteSequence:
    """Transposed, and slower or quicker, on the model's grid of 10 ms."""
    start = np.round(notes.start_s * stretch, 2)
    end = np.maximum(np.round(notes.end_s * stretch, 2), start + 0.01)
    return NoteSequence(notes.pitch + semitones, notes.velocity, start, end)


def part(notes: NoteSequence, first: int, last: int) -> NoteSequence:
    place = np.arange(len(notes))
    return notes.select((place >= first) & (place < last))


@pytest.fixture(scope="module")
def corpus() -> PassageSet:
    return PassageSet.of([improvised(seed) for seed in range(50)])


def test_fingerprints_forget_key_and_tempo_and_nothing_else() -> None:
    notes = improvised(1)
    assert np.array_equal(fingerprints(notes)[0], fingerprints(changed(notes, 5))[0])
    assert np.array_equal(fingerprints(changed(notes))[0], fingerprints(changed(notes, -7, 1.5))[0])
    wrong = NoteSequence.from_tuples(
        (int(pitch) + (place == 200), 80, start, end)
        for place, (pitch, start, end) in enumerate(zip(notes.pitch, notes.start_s, notes.end_s, strict=True))
    )
    differing = np.flatnonzero(fingerprints(notes)[0] != fingerprints(wrong)[0])
    assert 0 < differing.size <= N_GRAM + 2 and abs(differing.mean() - 200) < N_GRAM


def test_a_planted_copy_is_found_where_it_stands(corpus: PassageSet) -> None:
    """Forty notes of a training piece, a fourth higher and 3 % slower, within music of one's own."""
    own, copy = improvised(900, 200), changed(part(improvised(17), 100, 140), 5, 1.03)
    begins_s = own.duration_s + 1
    planted = own.followed_by(copy.shifted(begins_s - float(copy.start_s.min())))
    found = corpus.longest_shared(planted.followed_by(improvised(901, 200).shifted(planted.duration_s + 1)))
    assert 24 <= found.notes <= 42  # some notes at its ends are between two that are remembered
    assert begins_s - 1 < found.start_s < found.end_s < planted.duration_s + 1
    assert found.end_s - found.start_s > 0.6 * (planted.duration_s - begins_s)


def test_a_fresh_improvisation_shares_nothing(corpus: PassageSet) -> None:
    assert [corpus.longest_shared(improvised(seed)).notes for seed in range(1000, 1010)] == [0] * 10


def test_the_rate_of_false_yeses_is_what_the_filter_promises(corpus: PassageSet) -> None:
    never_seen = np.random.default_rng(5).integers(0, 2**63, 400_000).astype(np.uint64)
    promised = (1 - np.exp(-PROBES / BITS_PER_PASSAGE)) ** PROBES
    assert corpus.holds(never_seen).mean() == pytest.approx(promised, rel=0.15)
    assert promised < 1 / 100


def test_no_passage_of_the_corpus_is_ever_missed(corpus: PassageSet) -> None:
    for seed in (0, 25, 49):
        assert corpus.longest_shared(improvised(seed)).notes > 370


def test_only_a_quarter_is_remembered(corpus: PassageSet) -> None:
    """So that nobody can walk from passage to passage: of those next to a remembered one, most are not there."""
    values, _ = fingerprints(improvised(25))
    assert corpus.holds(values).mean() == pytest.approx(1 / 4, abs=0.08)


def test_what_is_everybodys_is_not_counted() -> None:
    """A trill and a scale of the corpus are no finding; a copy that goes through a trill is one."""

    def line(pitches: list[int]) -> NoteSequence:
        return NoteSequence.from_tuples((pitch, 80, n / 8, n / 8 + 0.1) for n, pitch in enumerate(pitches))

    trill, scale = [72, 74] * 20, [48 + 12 * (n // 7) + (0, 2, 4, 5, 7, 9, 11)[n % 7] for n in range(30)]
    tune = [60, 67, 64, 72, 71, 69, 65, 62, 55, 59, 57, 64, 60, 66, 69, 74, 70, 67, 63, 68]
    own = PassageSet.of([line([*tune, *trill, *tune]), line(scale)])
    assert own.longest_shared(line(trill)).notes == own.longest_shared(line(scale)).notes == 0
    whole = own.longest_shared(line([*tune, *trill, *tune]))
    assert whole.start_s < 20 / 8 and whole.end_s > 60 / 8
    assert N_GRAM < whole.notes < 60


def test_a_figure_played_again_and_again_is_one_figure() -> None:
    bar = np.random.default_rng(4).integers(48, 80, 30).tolist()  # of few notes perhaps none is remembered

    def line(pitches: list[int]) -> NoteSequence:
        return NoteSequence.from_tuples((pitch, 80, n / 8, n / 8 + 0.1) for n, pitch in enumerate(pitches))

    corpus = PassageSet.of([line(bar * 20)])
    twice, often = corpus.longest_shared(line(bar * 2)), corpus.longest_shared(line(bar * 12))
    assert often.notes <= len(bar) + N_GRAM - 1
    assert N_GRAM < twice.notes <= often.notes
    assert often.end_s > 11 * len(bar) / 8 > twice.end_s  # all of it is shown, whatever it counts for


def test_few_notes_and_empty_corpora(corpus: PassageSet) -> None:
    nothing = SharedPassage(0, 0.0, 0.0)
    assert corpus.longest_shared(NoteSequence.empty()) == nothing
    assert corpus.longest_shared(part(improvised(3), 0, N_GRAM - 1)) == nothing
    assert PassageSet.of([]).longest_shared(improvised(3)) == nothing


@pytest.fixture(scope="module")
def index() -> PassageIndex:
    training = [improvised(seed) for seed in range(20)]
    return PassageIndex.of(training, [improvised(seed, 2000) for seed in range(100, 104)])


def test_sharing_stands_beside_what_is_usual(index: PassageIndex) -> None:
    fresh, copied = index.sharing(improvised(500)), index.sharing(improvised(7))
    assert (fresh.longest.notes, fresh.usual, fresh.remarkable) == (0, 0, False)
    assert copied.longest.notes > 370 and copied.remarkable
    assert sharing_sentence(fresh) == "no passage of more than 12 notes shared with the training data"
    assert sharing_sentence(copied) == (
        f"longest passage shared with the training data: {copied.longest.notes} notes at 0:00 "
        "(usual between real pieces: 12 or fewer)"
    )
    assert sharing_facts(copied)["notes"] == copied.longest.notes and sharing_facts(copied)["remarkable"] is True


def test_an_index_survives_its_file(index: PassageIndex, tmp_path: Path) -> None:
    assert PassageIndex.load(tmp_path) is None
    index.save(tmp_path)
    again = PassageIndex.load(tmp_path)
    assert again is not None
    assert again.sharing(improvised(7)) == index.sharing(improvised(7))
    assert [path.name for path in tmp_path.iterdir()] == [INDEX_FILE]


def test_damaged_and_foreign_indexes_are_refused(index: PassageIndex, tmp_path: Path) -> None:
    path = index.save(tmp_path)
    path.write_bytes(path.read_bytes()[:-400])
    with pytest.raises(CheckpointError, match="is damaged"):
        PassageIndex.load(tmp_path)
    row = np.zeros(len(EXCERPT_NOTES))
    np.savez(path, format=99, n_gram=N_GRAM, bits=np.zeros(8, np.uint8), usual=row, high=row)
    with pytest.raises(CheckpointError, match="another version"):
        PassageIndex.load(tmp_path)
