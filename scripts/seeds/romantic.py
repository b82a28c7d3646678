"""Waltz, lullaby, nocturne, a slow dance by Satie and an old ballad."""

from __future__ import annotations

from scripts.seeds.performance import Piece, Voice

WALTZ = Piece(
    id="waltz",
    title="Waltz in A minor",
    style="waltz",
    credit="Own phrase: musictx, CC0",
    tempo_bpm=146,
    beats_per_bar=3,
    pickup=1,
    phrase_beats=12,
    rubato=0.14,
    slowing=0.25,
    slowing_beats=5,
    dynamics=((-1, 58), (9, 72), (18, 60), (24, 60), (33, 82), (42, 64), (48, 50)),
    voices=(
        Voice(
            "E5:1/2 D#5 | E5:1 C5 A4 | B4:2 E5:1/2 D#5 | E5:1 C5 E5 | G5:2 F5:1/2 E5 | F5:1 E5:1/2 D5 A4:1 |"
            "E5 C5:1/2 B4 A4:1 | F#5 D#5:1/2 C5 B4:1 | E5:2 E5:1/2 D#5 | E5:1 C5 A4 | B4 D5:1/2 C5 B4:1 |"
            "C#5:1 E5 A5! | A5 G5:1/2 F5 E5 D5 | F5:3/2 E5:1/2 D5:1 | C5 E5:1/2 D5 C5:1 | B4 G#4:1/2 A4 B4:1 | A4:3",
            level=10,
            lead_s=0.014,
        ),
        Voice(
            "-:1 | - A3+C4+E4 A3+C4+E4 | - B3+D4+E4 B3+D4+E4 | - A3+C4+E4 A3+C4+E4 | - G3+A3+E4 G3+A3+E4 |"
            "- A3+D4+F4 A3+D4+F4 | - A3+C4+E4 A3+C4+E4 | - A3+B3+F#4 A3+B3+F#4 | - G#3+B3+D4 G#3+B3+D4 |"
            "- A3+C4+E4 A3+C4+E4 | - B3+D4+E4 B3+D4+E4 | - A3+C#4+E4 A3+C#4+E4 | - A3+D4 A3+D4 |"
            "- A3+D4+F4 A3+D4+F4 | - A3+C4+E4 A3+C4+E4 | - G#3+B3+D4 G#3+B3+D4 | - A3+C4+E4 -",
            level=-17,
            hold=0.6,
        ),
        Voice(
            "-:1 | A2:3 | G#2 | A2 | C#3 | D3 | C3 | D#3 | E3 | A2 | G#2 | G2 | F2 | D3 | E3 | E2 | A2",
            level=-5,
            hold=0.8,
        ),
    ),
)

LULLABY = Piece(
    id="lullaby",
    title="Lullaby (Wiegenlied, op. 49 no. 4)",
    style="lullaby",
    credit="Johannes Brahms (died 1897), public domain; arrangement: musictx, CC0",
    tempo_bpm=82,
    beats_per_bar=3,
    pickup=1,
    phrase_beats=6,
    rubato=0.10,
    slowing=0.2,
    slowing_beats=3,
    dynamics=((-1, 44), (6, 54), (11, 46), (18, 56), (23, 48), (25, 56), (30, 42)),
    voices=(
        Voice(
            "G4:1/2 G4 | Bb4:3/2 G4:1/2 G4:1 | Bb4:2 G4:1/2 Bb4 | Eb5:1 D5:3/2 C5:1/2 | C5:1 Bb4 F4:1/2 G4 |"
            "Ab4:1 F4 F4:1/2 G4 | Ab4:2 F4:1/2 Ab4 | D5 C5 Bb4:1 D5 | Eb5:2 Eb4:1/2 Eb4 | Eb5:2 C5:1/2 Ab4 | Bb4:3",
            level=12,
            lead_s=0.012,
        ),
        Voice(
            "-:1 | Eb3:1/2 Bb3 G3 Bb3 G3 Bb3 | Eb3 Bb3 G3 Bb3 G3 Bb3 | Eb3 Bb3 G3 Bb3 Ab3 Bb3 |"
            "Eb3 Bb3 G3 Bb3 G3 Bb3 | Bb2 F3 Ab3 D4 Ab3 F3 | Bb2 F3 Ab3 D4 Ab3 F3 | Bb2 F3 Ab3 D4 Ab3 F3 |"
            "Eb3 Bb3 G3 Bb3 G3 Bb3 | Eb3 C4 Ab3 C4 Ab3 C4 | Eb3 Bb3 G3 Bb3 Eb4:1",
            level=-8,
            pedal_beats=3,
        ),
    ),
)

NOCTURNE = Piece(
    id="nocturne",
    title="Nocturne in D flat major",
    style="nocturne",
    credit="Own phrase: musictx, CC0",
    tempo_bpm=54,  # dotted crotchets
    beats_per_bar=4,
    phrase_beats=8,
    rubato=0.16,
    slowing=0.3,
    slowing_beats=2,
    dynamics=((0, 46), (6, 66), (8, 56), (11, 52), (13, 62), (16, 68), (20, 46)),
    voices=(
        Voice(
            "F5:5/3 Eb5:1/3 Db5:1 Ab4 | Bb4 C5:1/3 Db5 F5 Bb5:4/3! Ab5:1/3 Gb5 |"
            "Gb5:1 F5:1/3 Eb5 Db5 C5:1 Eb5:1/3 Db5 C5 |"
            "Gb5/F5:1 Ab5:2/3 F5:1/3 Eb5:4/3 Gb5:1/3 Eb5 | Db5:4/3 Eb5:1/3 F5 Gb5:1 Eb5:2",
            level=15,
            lead_s=0.018,
        ),
        Voice(
            "Db2:1/3 Ab2 F3 Ab3 F3 Ab2 Db2 Ab2 F3 Ab3 F3 Ab2 | Bb1 F2 Db3 F3 Db3 F2 Gb2 Db3 Bb3 Db4 Bb3 Db3 |"
            "Eb2 Bb2 Gb3 Db4 Gb3 Bb2 Ab2 Eb3 Gb3 C4 Gb3 Eb3 | Db2 Ab2 F3 Ab3 F3 Ab2 F2 C3 A3 Eb4 A3 C3 |"
            "Bb1 F2 Db3 Bb3 F3 Db3 Gb2 Db3 Bb3 Ab2 Eb3 C4~ | C4:1",
            level=-6,
            pedal_beats=2,
        ),
    ),
)

GYMNOPEDIE = Piece(
    id="gymnopedie",
    title="Gymnopédie no. 1 (opening)",
    style="slow dance",
    credit="Erik Satie (died 1925), public domain; performance: musictx, CC0",
    tempo_bpm=74,
    beats_per_bar=3,
    phrase_beats=6,
    rubato=0.06,
    slowing=0.12,
    slowing_beats=3,
    roll_s=0.007,
    dynamics=((0, 40), (6, 46), (10, 54), (15, 48), (24, 38)),
    voices=(
        Voice("-:3 | - | -:1 F#5 A5 | G5 F#5 C#5 | B4 C#5 D5 | A4:3 | F#4:6 |", level=13, lead_s=0.012),
        Voice(
            "-:1 B3+D4+F#4:2 | -:1 A3+C#4+F#4:2 | -:1 B3+D4+F#4:2 | -:1 A3+C#4+F#4:2 |"
            "-:1 B3+D4+F#4:2 | -:1 A3+C#4+F#4:2 | -:1 B3+D4+F#4:2 | -:1 A3+C#4+F#4:2",
            level=-8,
            pedal_beats=3,
        ),
        Voice("G2:3 | D2 | G2 | D2 | G2 | D2 | G2 | D2", level=-2, pedal_beats=3),
    ),
)

BALLAD = Piece(
    id="greensleeves",
    title="Greensleeves",
    style="folk song",
    credit="English traditional (16th century), public domain; arrangement: musictx, CC0",
    tempo_bpm=120,
    beats_per_bar=3,
    pickup=1,
    phrase_beats=12,
    rubato=0.09,
    slowing=0.12,
    slowing_beats=3,
    roll_s=0.012,
    dynamics=((-1, 52), (6, 66), (12, 56), (18, 60), (23, 50), (24, 58), (30, 72), (36, 56)),
    voices=(
        Voice(
            "B4:1 | D5:2 E5:1 | F#5:3/2 G#5:1/2 F#5:1 | E5:2 C#5:1 | A4:3/2 B4:1/2 C#5:1 | D5:2 B4:1 |"
            "B4:3/2 A#4:1/2 B4:1 | C#5:2 A#4:1 | F#4:2 B4:1 | D5:2 E5:1 | F#5:3/2 G#5:1/2 F#5:1 | E5:2 C#5:1 |"
            "A4:3/2 B4:1/2 C#5:1",
            level=12,
            lead_s=0.010,
        ),
        Voice(
            "-:1 | B2 F#3 D4 | B2:1/2 F#3 D4 B3 F#3:1 | A2 E3 C#4 | A2:1/2 E3 C#4 A3 E3:1 | G2 D3 B3 |"
            "E2:1/2 B2 G3 E3 B2:1 | F#2 C#3 A#3 | F#2:1/2 C#3 E3 C#3 F#3:1 | B2+F#3+D4:2 F#3:1 | D3:1/2 A3 D4 A3 F#3:1|"
            "A2+E3+C#4:2 E3:1 | F#2:1/2 C#3 A3 F#3 C#3:1",
            level=-6,
            pedal_beats=3,
        ),
    ),
)
