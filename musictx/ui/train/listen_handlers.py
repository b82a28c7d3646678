"""What is heard on the Train tab: a file of the dataset, a run's sample, two continuations side by side."""

from __future__ import annotations

import dataclasses
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import gradio as gr

from musictx.audio.encode import write_audio
from musictx.config import RenderSettings
from musictx.errors import MusictxError
from musictx.midi.files import write_midi
from musictx.midi.notes import NoteSequence
from musictx.ui import text
from musictx.ui.access.identity import owner_in
from musictx.ui.access.stop_flags import StopFlags
from musictx.ui.player.files import safe_name
from musictx.ui.problems import sentence_of
from musictx.ui.serials import new_serial
from musictx.ui.train.background import Background
from musictx.ui.train.listen_view import Listening, Piece

if TYPE_CHECKING:
    from musictx.workshop.workshop import Workshop

SAMPLE_RATE_HZ = 44_100
LONGEST_ROW_S = 120.0  # of a file that is listened to: enough to know it by
SOUNDING = "rendering the sound…"
COMPOSING = "Continuing one validation passage twice: before and after the run"
LOOK_EVERY_S = 0.4
SHOWN_OF_ID = 6  # letters of a blind test's id: enough to tell its files from those of the next


class ListenHandlers:
    """Handlers of the player: first the notes are shown, then their sound comes."""

    def __init__(self, workshop: Workshop, stop_flags: StopFlags) -> None:
        self.workshop, self.stop_flags = workshop, stop_flags

    def row(self, kept: Any, request: gr.Request, event: gr.EventData) -> Iterator[dict[str, Any]]:
        """A file of the dataset: listen."""
        file = str(getattr(event, "file", ""))

        def pieces() -> list[Piece]:
            owner = owner_in(kept, request)
            notes = self.workshop.row_notes(owner, str(kept.get("dataset") or ""), file)
            heard = notes.select(notes.start_s < LONGEST_ROW_S)
            cut = f"the first {text.length(LONGEST_ROW_S)} of " if len(heard) < len(notes) else ""
            facts = f"{cut}{text.length(notes.duration_s)} · {text.count(len(notes), 'note')}"
            return [Piece("", heard, NoteSequence.empty(), None, notes, facts)]

        named = str(Path(file).with_suffix("")) if Path(file).name else ""  # with its folder: others have such a song
        shown = Listening(new_serial(), "row", title=Path(file).stem, key=file, saved_as=named)
        yield from self._play(shown, pieces)

    def sample(self, kept: Any, request: gr.Request, event: gr.EventData) -> Iterator[dict[str, Any]]:
        """A run's continuation of its fixed seed: listen."""
        step, run_id = int(getattr(event, "step", 0) or 0), str(kept.get("run") or "")

        def pieces() -> list[Piece]:
            return [Piece.of_take("", self.workshop.sample(owner_in(kept, request), run_id, step))]

        title = f"{self._name(kept, request)} after step {step:,}"
        begun = Listening(new_serial(), "sample", title=title, key=f"{run_id} {step}")
        yield from self._play(begun, pieces)

    def _name(self, kept: Any, request: gr.Request) -> str:
        """Of the chosen run, as its player's title begins."""
        try:
            return self.workshop.view(owner_in(kept, request), str(kept.get("run") or "")).settings.name
        except MusictxError:
            return "The run"

    def blind_test(self, kept: Any, request: gr.Request) -> Iterator[dict[str, Any]]:
        """Two continuations of one passage, to guess which is the run's: listen."""
        session, run_id = f"duel-{request.session_hash}", str(kept.get("run") or "")
        self.stop_flags.begin(session)
        flag = self.stop_flags.current(session)
        shown = Listening(new_serial(), "duel", title="Which one is yours?", wait=f"{COMPOSING}…")
        yield shown.value()
        try:
            owner = owner_in(kept, request)
            work = Background(lambda report: self.workshop.blind_test(owner, run_id, report=report, stop=flag.is_set))
            while not work.done_within(LOOK_EVERY_S):
                if work.latest:
                    yield shown.but(share=work.latest[0]).value()
            blind_test = work.result()
        except Exception as error:
            yield shown.but(wait="", problem=sentence_of(error, "a blind test failed")).value()
            return
        finally:
            self.stop_flags.end(session, flag)
        named = f"{self._name(kept, request)} duel {blind_test.test_id[:SHOWN_OF_ID]}"
        yield from self._play(
            shown.but(wait="", test_id=blind_test.test_id, saved_as=named),
            lambda: [Piece.of_take("A", blind_test.a), Piece.of_take("B", blind_test.b)],
        )

    def cancel(self, request: gr.Request) -> None:
        """Ends this visitor's blind test at its next step."""
        self.stop_flags.stop(f"duel-{request.session_hash}")

    def leave(self, request: gr.Request) -> None:
        """The page was closed: nobody waits for its blind test."""
        self.stop_flags.leave(f"duel-{request.session_hash}")

    def reveal(self, kept: Any, request: gr.Request, event: gr.EventData) -> dict[str, Any]:
        """The answer to a guess, for what is on show already: listen."""
        run_id, test_id = str(kept.get("run") or ""), str(getattr(event, "duel_id", ""))
        guess = str(getattr(event, "guess", ""))
        try:
            result = self.workshop.reveal(owner_in(kept, request), run_id, test_id, guess)
        except MusictxError as error:
            return Listening(new_serial(), "duel", title="Which one is yours?", problem=str(error)).value()
        verdict = "Right" if result.right else "No"
        other = "A" if result.mine == "b" else "B"
        sentence = f"{verdict}: {result.mine.upper()} is yours, {other} is the checkpoint it began with."
        score = f"{result.won} of {text.count(result.played, 'guess', 'guesses')} right so far"
        return {
            "phase": "answer",
            "duel_id": test_id,
            "answer": {"mine": result.mine, "words": sentence, "score": score},
        }

    def _play(self, shown: Listening, make: Callable[[], list[Piece]]) -> Iterator[dict[str, Any]]:
        """The pieces at once, then each with its files."""
        try:
            made = make()
        except MusictxError as error:
            yield shown.but(problem=str(error)).value()
            return
        shown = shown.but(pieces=tuple(made), sounding=SOUNDING)
        yield shown.value()
        with tempfile.TemporaryDirectory(prefix="musictx-") as folder:
            sounding = [self._sounding(shown.saved_as or shown.title, piece, Path(folder)) for piece in made]
            problem = next((each for _, each in sounding if each), "")
            yield shown.but(pieces=tuple(piece for piece, _ in sounding), sounding="", no_sound=problem).value()

    def _sounding(self, named: str, piece: Piece, folder: Path) -> tuple[Piece, str]:
        """A piece with its files, and why there is no sound if there is none; the MIDI file is there anyway."""
        stem = safe_name(f"{named} {piece.label}")
        files = {"mid": write_midi(piece.whole, folder / f"{stem}.mid")}
        try:
            samples = self.workshop.studio.render(piece.seed.followed_by(piece.new), RenderSettings())
            files["flac"] = write_audio(samples, folder / f"{stem}.flac", SAMPLE_RATE_HZ)
        except MusictxError as error:
            return dataclasses.replace(piece, files=files), str(error)
        return dataclasses.replace(piece, files=files), ""
