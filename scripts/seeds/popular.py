"""Blues, ragtime, a jazz ballad and a piece of patterns."""

from __future__ import annotations

from scripts.seeds.performance import Piece, Voice


def shuffle(root: str, *tops: str) -> str:
    """One bar of boogie bass: the root in eighths with a fifth, sixth, seventh and sixth above it."""
    return " ".join(f"{root}+{top}:1/2 {root}+{top}" for top in tops)


ON_C = shuffle("C3", "G3", "A3", "Bb3", "A3")
ON_F = shuffle("F2", "C3", "D3", "Eb3", "D3")
ON_G = shuffle("G2", "D3", "E3", "F3", "E3")

BLUES = Piece(
    id="blues",
    title="Twelve bars of blues in C",
    style="blues",
    credit="Own phrase: musictx, CC0",
    tempo_bpm=122,
    beats_per_bar=4,
    phrase_beats=16,
    rubato=0.02,
    swing=0.64,
    dynamics=((0, 66), (12, 74), (16, 72), (28, 80), (34, 86), (44, 78), (48, 84)),
    voices=(
        Voice(
            "-:1/2 G4 Bb4 C5 Eb5/E5:1! C5 | Eb5:1/2 F5 Eb5 C5 A4:1 - | -:1/2 G4 Bb4 C5 Eb5/E5 G5 E5 C5 |"
            "E4+Bb4:3/2! E4+Bb4:1 -:1/2 C5 Eb5 | F5:1! Eb5:1/2 F5 - Ab5/A5! F5 Eb5 | C5:3/2 Eb5:1/2 F5 Eb5 C5:1 |"
            "Eb5/E5:1/2 C5 A4 G4 E4+Bb4:1! -:1/2 G4 | Bb4 C5 Eb5 C5 G5:1! Eb5/E5:1/2 C5 |"
            "D5:1 F5:1/2 D5 Bb4/B4:1! G4:1/2 B4 | C5:1 Eb5:1/2 C5 A4:1 F4:1/2 A4 |"
            "G4+C5+E5:1! Bb4+E5 A4+Eb5 Ab4+D5 | G4+C5 -:1/2 F4+B4+D5:3/2! -:1",
            level=8,
            hold=0.92,
            lead_s=-0.008,  # laid back
        ),
        Voice(
            f"{ON_C} | {ON_F} | {ON_C} | {ON_C} | {ON_F} | {ON_F} | {ON_C} | {ON_C} | {ON_G} | {ON_F} |"
            "C3:1 E3 F3 F#3 | G3 -:1/2 G2:3/2! -:1",
            level=-9,
            hold=0.8,
        ),
    ),
)

RAGTIME = Piece(
    id="ragtime",
    title="The Entertainer (opening)",
    style="ragtime",
    credit="Scott Joplin (died 1917), public domain; arrangement: musictx, CC0",
    tempo_bpm=80,
    beats_per_bar=2,
    phrase_beats=8,
    rubato=0.02,
    dynamics=((0, 78), (6, 70), (8, 66), (14, 76), (16, 68), (22, 80), (24, 74)),
    voices=(
        Voice(
            "D6:1/4 E6 C6 A5:1/2! B5:1/4 G5:1/2 | D5:1/4 E5 C5 A4:1/2! B4:1/4 G4:1/2 |"
            "D4:1/4 E4 C4 A3:1/2! B3:1/4 A3 Ab3 | G3:1/2' - G4+B4+D5+G5'! D4:1/4 D#4 |"
            "E4 C5:1/2! E4:1/4 C5:1/2! E4:1/4 C5~! | C5:5/4 C5:1/4 D5 D#5 | G4+E5 C5 D5 G4+E5:1/2! F4+B4:1/4 F4+D5:1/2|"
            "E4+C5:3/2! D4:1/4 D#4 | E4 C5:1/2! E4:1/4 C5:1/2! E4:1/4 C5~! | C5:3/2 A4:1/4 G4 |"
            "F#4 A4 C5 F#4+E5:1/2! D5:1/4 C5 A4 | F4+D5:2!",
            level=6,
            hold=0.95,
        ),
        Voice(
            "D5:1/4 E5 C5 A4:1/2! B4:1/4 G4:1/2 | D4:1/4 E4 C4 A3:1/2! B3:1/4 G3:1/2 |"
            "D3:1/4 E3 C3 A2:1/2! B2:1/4 A2 Ab2 | G2:1/2' - G2+D3+G3'! - |"
            "C2+C3 E3+G3+C4' Bb1+Bb2 E3+G3+C4' | A1+A2 F3+A3+C4' G1+G2 E3+G3+C4' | G2 E3+G3+C4' G2 F3+G3+B3' |"
            "C3 E3+G3' G2 A2:1/4 B2 | C2+C3:1/2 E3+G3+C4' Bb1+Bb2 E3+G3+C4' | A1+A2 F3+A3+C4' G1+G2 E3+G3+C4' |"
            "D2+D3 F#3+A3+C4' A2 F#3+A3+C4' | G1+G2 G3+B3' D3 G3+B3'",
            level=-8,
            hold=0.8,
        ),
    ),
)

JAZZ = Piece(
    id="jazz-ballad",
    title="Ballad in F",
    style="jazz ballad",
    credit="Own phrase: musictx, CC0",
    tempo_bpm=66,
    beats_per_bar=4,
    pickup=1,
    phrase_beats=8,
    rubato=0.08,
    slowing=0.18,
    slowing_beats=3,
    swing=0.58,
    roll_s=0.009,
    dynamics=((-1, 46), (3, 60), (8, 50), (12, 62), (17, 66), (24, 44)),
    voices=(
        Voice(
            "D5:1/2 F5 | A5:3/2 G5:1/2 F5 D5 Bb4 A4 | D5:3/2 A4:1/2 Db5:1 C5:1/2 Bb4 | A4:2 C5:1/2 E5 G5 A5 |"
            "G5:1 E5:1/2 C5 Eb5:1 C5:1/2 A4 | Bb4:1 D5:1/2 F5 A5:1/3 G5 E5 Db5:1/2 Bb4 | A4 C5 G5:3",
            level=13,
            lead_s=-0.012,
        ),
        Voice(  # rootless voicings: one or two notes move at a time
            "-:1 | F3+A3+Bb3+D4:3/2 F3+A3+Bb3+D4:5/2 | E3+A3+Bb3+D4:2 E3+A3+Bb3+Db4 | E3+G3+A3+C4:3/2 E3+G3+A3+C4:5/2 |"
            "G3+C4+E4:2 F#3+A3+C4+Eb4 | F3+A3+Bb3+D4 E3+A3+Bb3+Db4 | E3+G3+A3+C4:4",
            level=-10,
            pedal_beats=2,
        ),
        Voice("-:1 | G2:4 | C2:3 C3:1 | F2:4 | A2:2 D2 | G2 C2 | F2:4", level=-4, pedal_beats=2),
    ),
)

PATTERNS = Piece(
    id="patterns",
    title="Patterns in A minor",
    style="minimalism",
    credit="Own phrase: musictx, CC0",
    tempo_bpm=146,
    beats_per_bar=4,
    phrase_beats=16,
    rubato=0.015,
    dynamics=((0, 50), (8, 58), (16, 54), (28, 66), (36, 72), (44, 80), (48, 74)),
    voices=(
        Voice(
            "-:4 | E5:1/2! C5 B4 E5! C5 B4 E5! C5 | F5! C5 A4 F5! C5 A4 F5! C5 | F5! C5 A4 F5! C5 A4 G5! C5 |"
            "G5! E5 C5 G5! E5 C5 G5! E5 | G5! E5 C5 G5! E5 D5 G5! E5 | G5! D5 B4 G5! D5 B4 G5! D5 |"
            "A5! D5 B4 A5! D5 B4 G5! D5 | A5! E5 C5 A5! E5 C5 B5! E5 | A5! F5 C5 A5! F5 C5 C6! F5 |"
            "C6! G5 E5 C6! G5 E5 B5! G5 | B5! G5 D5 B5! G5 D5 A5! G5",
            pedal_beats=1,
        ),
        Voice(
            "A2:1/2 E3 A3 E3 C4 E3 A3 E3 | A2 E3 A3 E3 C4 E3 A3 E3 | F2 C3 F3 C3 A3 C3 F3 C3 | F2 C3 F3 C3 A3 C3 F3 C3|"
            "C3 E3 G3 E3 C4 E3 G3 E3 | C3 E3 G3 E3 C4 E3 G3 E3 | B2 D3 G3 D3 B3 D3 G3 D3 | B2 D3 G3 D3 B3 D3 G3 D3 |"
            "A2 E3 A3 E3 C4 E3 A3 E3 | F2 C3 F3 C3 A3 C3 F3 C3 | C3 E3 G3 E3 C4 E3 G3 E3 | B2 D3 G3 D3 B3 D3 G3 D3",
            level=-7,
            pedal_beats=4,
        ),
    ),
)
