"""Chorale, prelude and fugue."""

from __future__ import annotations

from collections.abc import Sequence

from scripts.seeds.performance import Piece, Voice


def broken(chords: Sequence[str]) -> tuple[Voice, ...]:
    """Five-note chords as three voices: two held below, three running above (twice a bar of 4)."""
    rows = [chord.split() for chord in chords]
    bass = " | ".join(f"{low}:2 {low}" for low, *_ in rows)
    tenor = " | ".join(f"-:1/4 {second}:7/4 -:1/4 {second}:7/4" for _, second, *_ in rows)
    run = " | ".join(" ".join([f"-:1/2 {a}:1/4 {b} {c} {a} {b} {c}"] * 2) for _, _, a, b, c in rows)
    return (
        Voice(run, level=2, pedal_beats=2),
        Voice(tenor, level=-3, pedal_beats=2),
        Voice(bass, level=1, pedal_beats=2),
    )


CHORALE = Piece(
    id="chorale",
    title="Chorale on Old Hundredth",
    style="chorale",
    credit="Melody: Louis Bourgeois (died 1559), public domain; setting in four parts: musictx, CC0",
    tempo_bpm=66,
    beats_per_bar=4,
    pickup=1,
    phrase_beats=9,
    rubato=0.10,
    slowing=0.22,
    slowing_beats=3,
    roll_s=0.005,
    dynamics=((-1, 54), (4, 66), (8, 56), (9, 60), (14, 74), (18, 58)),
    voices=(
        # The fermata at the end of each line is written out as a longer note.
        Voice("G4:1 | G4 F#4 E4 D4 | G4 A4 B4:2 | B4:1 B4 B4 A4 | G4 C5 B4 A4~ | A4:3 -:1", level=7, lead_s=0.010),
        Voice("D4:1 | D4 D4 B3 B3 | C4 C4 D4:2 | D4:1 D4 E4 E4 | E4 E4 D4 D4~ | D4:3 -:1", level=-5),
        Voice("B3:1 | B3 A3 G3 F#3 | G3 F#3 G3:2 | G3:1 G3 G3 A3 | B3 G3 G3 F#3~ | F#3:3 -:1", level=-4),
        Voice("G3:1 | G3 D3 E3 B2 | E3 D3 G2:2 | G3:1 G3:1/2 F#3 E3 D3 C3:1 | E3:1/2 D3 C3:1 D3 D3~ | D3:3 -:1"),
    ),
)

PRELUDE = Piece(
    id="prelude",
    title="Prelude in C major, BWV 846 (opening)",
    style="arpeggio prelude",
    credit="J. S. Bach (died 1750), public domain; performance: musictx, CC0",
    tempo_bpm=70,
    beats_per_bar=4,
    phrase_beats=4,
    rubato=0.05,
    slowing=0.06,
    dynamics=((0, 48), (8, 56), (12, 50), (16, 62), (20, 58), (28, 48)),
    voices=broken(
        (
            "C4 E4 G4 C5 E5",
            "C4 D4 A4 D5 F5",
            "B3 D4 G4 D5 F5",
            "C4 E4 G4 C5 E5",
            "C4 E4 A4 E5 A5",
            "C4 D4 F#4 A4 D5",
            "B3 D4 G4 D5 G5",
        )
    ),
)

FUGUE = Piece(
    id="fugue",
    title="Fugue on the subject of The Art of Fugue",
    style="fugue subject and answer",
    credit="Subject: J. S. Bach (died 1750), public domain; counterpoint: musictx, CC0",
    tempo_bpm=124,
    beats_per_bar=4,
    phrase_beats=16,
    rubato=0.05,
    slowing=0.12,
    slowing_beats=4,
    dynamics=((0, 56), (12, 64), (16, 60), (28, 70), (32, 66), (46, 78), (51, 66)),
    voices=(
        Voice(
            "-:16 | A4:2 D5 | C5 A4 | G#4 A4:1 B4 | C5:2~ C5:1/2 D5 C5 B4 |"
            "A4:1 D5:1/2 E5 F5:1 E5:1/2 D5 | C5:1 D5:1/2 C5 Bb4:1 A4 | E5:2 F5:1 E5 | D5:2~ D5:3/2 C#5:1/2 | D5:3",
            level=3,
            hold=0.94,
        ),
        Voice(
            "D4:2 A4 | F4 D4 | C#4 D4:1 E4 | F4:2~ F4:1/2 G4 F4 E4 |"
            "D4:1 E4:1/2 F4 G4 F4 E4 D4 | E4:1 A4:1/2 G4 F4:1 E4:1/2 C4 | B3:1 E4:1/2 D4 C4:1 D4 | E4 A4 F4 E4 |"
            "F4 A4 C5 A4 | A4 F4 G4 F4 | G4:2 A4:1 G4 | A4 Bb4 A4 G4 | F4:3",
            hold=0.94,
        ),
        Voice("-:32 | D3:2 A3 | F3 D3 | C#3 D3:1 E3 | F3:2~ F3:1/2 G3 F3 E3 | D3:3", level=5, hold=0.94),
    ),
)
