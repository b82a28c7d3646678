"""The built-in seeds as note lists, in the order in which the page offers them."""

from __future__ import annotations

from scripts.seeds.baroque import CHORALE, FUGUE, PRELUDE
from scripts.seeds.performance import Piece
from scripts.seeds.popular import BLUES, JAZZ, PATTERNS, RAGTIME
from scripts.seeds.romantic import BALLAD, GYMNOPEDIE, LULLABY, NOCTURNE, WALTZ

PIECES: tuple[Piece, ...] = (
    NOCTURNE,
    PRELUDE,
    CHORALE,
    WALTZ,
    FUGUE,
    LULLABY,
    GYMNOPEDIE,
    BALLAD,
    RAGTIME,
    BLUES,
    JAZZ,
    PATTERNS,
)
