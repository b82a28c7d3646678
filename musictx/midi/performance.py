"""What the fingers and the feet did on each channel, turned into how long every note sounds.

The rules are those of a small state machine for each part (see `Events`), event by event in the order of the table:

    note-on        a finger takes the key and its string sounds afresh; a sound of that key before it ends
    note-off       a finger lets the key go; when the last one does the sound ends, unless a pedal holds it
    lost note-off  of more note-ons than note-offs those that are never made good hold no key: their sound ends at the
                   next onset of the key, or with the track
    CC64, CC66     sustain holds all keys let go while it is down, sostenuto those that were down when it went down
    CC120 CC123    all keys are let go (124 to 127 do that too); 120 ends even what a pedal holds
    CC121          both pedals come up

They are worked out on arrays: a table of a hundred thousand events takes some hundredths of a second.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from musictx.midi.events import NEVER, Events, following, latest
from musictx.midi.messages import (
    ALL_NOTES_OFF,
    ALL_SOUND_OFF,
    CONTROL,
    NOTE_ON,
    RESET,
    SOSTENUTO,
    SUSTAIN,
)
from musictx.midi.notes import PITCHES

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]

PEDAL_DOWN = 64  # controller values from here on hold the strings free
SHORTEST_NOTE_S = 0.01  # what a note of length 0 gets


@dataclass(frozen=True, eq=False)
class Played:
    """What became of each onset, as rows of the table of events, shape (N,); NEVER where nothing does it.

    onset: the note-on. let_go: where the last finger leaves the key. end: where a pedal, too, has let go.
    is_lost: no note-off is there for it.
    presses: rows where the sustain pedal goes down, of all parts.
    """

    onset: IntArray
    let_go: IntArray
    end: IntArray
    is_lost: BoolArray
    presses: IntArray


def play(events: Events) -> Played:
    """Plays all parts."""
    controller = np.where(events.kind == CONTROL, events.value[:, 0], -1)
    onset, let_go, is_lost = _keys(events, controller)
    part = events.part[onset]
    caught = _pedal(events, controller, SOSTENUTO).caught(part, onset, let_go)
    sustain = _pedal(events, controller, SUSTAIN)
    end = sustain.held(part, caught)
    silenced = np.flatnonzero(controller == ALL_SOUND_OFF)
    if silenced.size:
        end = np.minimum(end, following(events.part[silenced], silenced, part, onset))
    return Played(onset, let_go, end, is_lost, sustain.presses)


def _keys(events: Events, controller: IntArray) -> tuple[IntArray, IntArray, BoolArray]:
    """Of each onset: its row, the row where the key is let go, and whether its note-off is lost."""
    rows = np.flatnonzero(events.kind <= NOTE_ON)
    all_off = np.flatnonzero((controller == ALL_SOUND_OFF) | (controller >= ALL_NOTES_OFF))
    key = events.part[rows].astype(np.int64) * PITCHES + events.value[rows, 0]
    order = np.argsort(key.astype(np.uint16) if key.max(initial=0) < 2**16 else key, kind="stable")
    rows, key = rows[order], key[order]
    is_on = (events.kind[rows] == NOTE_ON) & (events.value[rows, 1] > 0)
    released_by = following(events.part[all_off], all_off, events.part[rows], rows)
    begins = np.append(True, (np.diff(key) != 0) | (np.diff(released_by) != 0))[: rows.size]
    fingers, is_lost, is_surplus = _fingers(is_on, begins)
    releases = np.flatnonzero(~is_on & ~is_surplus & (fingers == 0))
    onset = np.flatnonzero(is_on)
    next_release = np.searchsorted(releases, onset)
    let_go = rows[releases[np.minimum(next_release, releases.size - 1)]] if releases.size else released_by[onset]
    let_go = np.where(is_lost[onset], released_by[onset], let_go)
    in_order = np.argsort(rows[onset], kind="stable")
    return rows[onset][in_order], let_go[in_order], is_lost[onset][in_order]


def _fingers(is_on: BoolArray, begins: BoolArray) -> tuple[IntArray, BoolArray, BoolArray]:
    """Fingers on the key after each of its events, which note-ons are never made good, which note-offs end nothing.

    is_on: of each note event, a key's together and in their order. begins: where another count begins.
    """
    size = is_on.size
    if not size:
        return np.zeros(0, np.int64), np.zeros(0, bool), np.zeros(0, bool)
    group = np.cumsum(begins) - 1
    first = np.flatnonzero(begins)
    apart = group * (4 * size + 4)  # one group's running minimum never reaches the next one's
    total = np.cumsum(np.where(is_on, 1, -1))
    total -= (total[first] - np.where(is_on[first], 1, -1))[group]
    least = np.minimum.accumulate(total - apart) + apart
    open_notes = total - np.minimum(least, 0)
    before = np.append(0, least[:-1])
    before[first] = 0
    is_surplus = ~is_on & (least < np.minimum(before, 0))
    to_come = np.minimum.accumulate((open_notes + apart)[::-1])[::-1] - apart
    is_lost = is_on & (to_come >= open_notes)
    lost = np.cumsum(is_lost)
    lost -= (lost[first] - is_lost[first])[group]
    return open_notes - lost, is_lost, is_surplus


@dataclass(frozen=True, eq=False)
class _Pedal:
    """Where a pedal changes, of all parts: part and row where it goes down, part and row where it comes up."""

    part: npt.NDArray[np.int32]
    presses: IntArray
    up_part: npt.NDArray[np.int32]
    releases: IntArray

    def _span(self, part: npt.NDArray[np.int32], at: IntArray) -> tuple[IntArray, IntArray]:
        """Where the pedal was last pressed before each row `at` of `part` (-1: never), and where it comes up then."""
        at = np.minimum(at, max(self.presses.max(initial=0), self.releases.max(initial=0)) + 1)
        press = latest(self.part, self.presses, part, at)
        release = following(self.up_part, self.releases, part, press)
        return np.where(release > at, press, -1), release

    def held(self, part: npt.NDArray[np.int32], at: IntArray) -> IntArray:
        """Where what a finger lets go at rows `at` of `part` ends: where the pedal comes up, if it is down there."""
        if not self.presses.size:
            return at
        press, release = self._span(part, at)
        return np.where((press >= 0) & (at < NEVER), release, at)

    def caught(self, part: npt.NDArray[np.int32], onset: IntArray, at: IntArray) -> IntArray:
        """The same for a pedal that holds only what was struck before it went down."""
        if not self.presses.size:
            return at
        press, release = self._span(part, at)
        return np.where((press > onset) & (at < NEVER), release, at)


def _pedal(events: Events, controller: IntArray, pedal: int) -> _Pedal:
    """What a pedal does; it is up where each part begins."""
    rows = np.flatnonzero((controller == pedal) | (controller == RESET))
    rows = rows[np.argsort(events.part[rows], kind="stable")]
    part = events.part[rows]
    is_down = (controller[rows] == pedal) & (events.value[rows, 1] >= PEDAL_DOWN)
    before = np.append(False, is_down[:-1])[: rows.size]
    before[np.flatnonzero(np.diff(part)) + 1] = False
    down, up = is_down & ~before, before & ~is_down
    return _Pedal(part[down], rows[down], part[up], rows[up])


def one_sound_per_key(
    pitch: IntArray, velocity: IntArray, start_s: FloatArray, end_s: FloatArray, is_lost: BoolArray
) -> tuple[IntArray, IntArray, FloatArray, FloatArray]:
    """Notes of one piano: of those that overlap on a key the later lasts as long as any of them.

    A note ends where the next of its pitch starts; of notes struck together one is kept, with the louder velocity.
    The end of a note whose note-off is lost prolongs no other. Sorted by pitch, then onset.
    """
    if not pitch.size:
        return pitch, velocity, start_s, end_s
    order = np.argsort(start_s, kind="stable")
    order = order[np.argsort(pitch[order].astype(np.uint8), kind="stable")]  # of 8 bits: a radix sort
    pitch, velocity, is_lost = pitch[order], velocity[order], is_lost[order]
    start_s, end_s = start_s[order], end_s[order]
    first = np.flatnonzero(np.append(True, (np.diff(pitch) != 0) | (np.diff(start_s) != 0)))
    released = np.maximum.reduceat(np.where(is_lost, start_s, end_s), first)
    all_lost = np.logical_and.reduceat(is_lost, first)
    lost_end = np.maximum.reduceat(end_s, first)
    pitch, start_s, velocity = pitch[first], start_s[first], np.maximum.reduceat(velocity, first)
    reach = released + pitch * (float(end_s.max()) + 1.0)  # no key's running maximum reaches the next one's
    farthest = np.maximum.accumulate(np.where(reach >= np.maximum.accumulate(reach), np.arange(reach.size), 0))
    longest = released[farthest]
    end_s = np.where(all_lost, lost_end, released)
    same_key = pitch[1:] == pitch[:-1]
    held = same_key & (longest[:-1] > start_s[1:]) & ~all_lost[1:]
    end_s[1:] = np.where(held, np.maximum(end_s[1:], longest[:-1]), end_s[1:])
    end_s = np.maximum(end_s, start_s + SHORTEST_NOTE_S * (end_s <= start_s))
    end_s[:-1] = np.where(same_key, np.minimum(end_s[:-1], start_s[1:]), end_s[:-1])
    return pitch, velocity, start_s, end_s
