"""Rows of one or more streams in the tensors of one step of the Keras engine.

    join: rows of a newcomer -> slots of the pool | step: uniforms of some members -> their tokens

A pool has as many slots as a function is compiled for, and room for as many positions; both follow what its members
need. Only when somebody joins or the pool changes its shape are the tensors laid out anew. A slot whose member does not
ask, or that nobody has, is computed with the others and not moved.

Shape letters: R slots, B rows of a member, N tokens of a call at most.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from keras import ops, tree

from musictx.generation.engines.base import Uniforms
from musictx.generation.engines.programs import Asked, Programs, Rows
from musictx.model.cache import chosen_rows, joined_caches, resized_cache
from musictx.types import Ids

# A pool becomes smaller when no more than this share of its slots is taken: seldom, as everybody waits for it.
SPARSE = 0.25


@dataclass(eq=False)
class RowMember:
    """The rows of one stream in a pool.

    position: tokens so far; the last of them is not in the cache yet. closed: see `shared_step.Member`.
    """

    slots: list[int]
    position: int
    closed: bool = field(default=False)


class RowPool:
    """A `Stepper`; all but `fits` and `shape` need a turn on the machine.

    Args:
        programs: the compiled functions.
        scope: see `SamplingConfig`; a pool has one.
        most: rows in it at most, except that a single member may have more.
    """

    def __init__(self, programs: Programs, scope: str, most: int) -> None:
        self._programs, self._scope, self._most = programs, scope, most
        self._members: list[RowMember] = []
        self._rows: Rows | None = None
        self.failed = False  # a step did not come to its end: members may go on, newcomers go elsewhere

    @property
    def size(self) -> int:
        """Positions that there is room for."""
        return 0 if self._rows is None else int(self._rows.cache.keys[0].shape[1])

    @property
    def slots(self) -> int:
        """R, taken or not."""
        return 0 if self._rows is None else int(self._rows.state.last_B.shape[0])

    def fits(self, batch: int) -> bool:
        """Whether so many more rows may join."""
        taken = sum(len(member.slots) for member in self._present())
        return not self.failed and (not taken or taken + batch <= self._most)

    def shape(self, batch: int, length: int) -> tuple[int, int]:
        """Slots and positions once `batch` more rows have joined, or none, of which one will have `length` tokens."""
        members = self._present()
        taken = sum(len(member.slots) for member in members) + batch
        kept = self.slots if taken > SPARSE * self.slots else 0
        if not batch and not self._programs.ready(self._scope, self._programs.rows_for(taken), self.size):
            kept = self.slots  # nobody waits for a function that would only be a little faster
        room = max([length, *(member.position + self._programs.chunk for member in members)] if batch else [length])
        size = self._programs.size_for(min(room, self._programs.window))
        return max(self._programs.rows_for(taken), kept), size if batch else max(size, self.size)

    def join(self, newcomer: Rows, position: int) -> RowMember:
        """Takes in B rows, whose cache may hold one row for all of them; each has `position` tokens."""
        batch, present = len(newcomer.state.last_B), self._present()
        assert newcomer.cache.length.shape[0] in (1, batch), (newcomer.cache.length.shape, batch)
        shape = self.shape(batch, min(position + self._programs.chunk, self._programs.window))
        member = RowMember([], position)
        self._lay_out([*present, member], [*(len(each.slots) for each in present), batch], shape, newcomer)
        return member

    def step(self, members: Sequence[RowMember], uniforms: Sequence[Uniforms]) -> list[Ids]:
        """See `Stepper.step`; N is at most the chunk."""
        needed = max(member.position + numbers.shape[1] for member, numbers in zip(members, uniforms, strict=True))
        assert needed <= self._programs.window, (needed, self._programs.window)
        shape = self.shape(0, needed)
        if shape != (self.slots, self.size):
            present = [member for member in self._members if not member.closed or member in members]
            self._lay_out(present, [len(member.slots) for member in present], shape)
        assert self._rows is not None
        uniforms_RN = np.zeros((self.slots, self._programs.chunk), np.float32)
        counts_R = np.zeros(self.slots, np.int32)
        for member, numbers in zip(members, uniforms, strict=True):
            uniforms_RN[member.slots, : numbers.shape[1]] = numbers
            counts_R[member.slots] = numbers.shape[1]
        ids_RN = self._drawn(self._rows, uniforms_RN, counts_R)
        for member, numbers in zip(members, uniforms, strict=True):
            member.position += numbers.shape[1]
        return [ids_RN[member.slots, : numbers.shape[1]] for member, numbers in zip(members, uniforms, strict=True)]

    def _drawn(self, rows: Rows, uniforms_RN: Uniforms, counts_R: Ids) -> Ids:
        draw_chunk = self._programs.draw(self._scope, self.slots, self.size)
        asked = Asked(ops.convert_to_tensor(uniforms_RN), ops.convert_to_tensor(counts_R), rows.controls)
        try:
            cache, state, ids_RN = draw_chunk(rows.cache, rows.state, asked, np.int32(counts_R.max()))
            drawn_RN = ops.convert_to_numpy(ids_RN)  # a GPU has finished only now
        except Exception:
            self.failed = True
            raise
        self._rows = Rows(cache, state, rows.controls)
        return np.asarray(drawn_RN)

    def _present(self) -> list[RowMember]:
        return [member for member in self._members if not member.closed]

    def _lay_out(
        self, members: list[RowMember], batches: list[int], shape: tuple[int, int], newcomer: Rows | None = None
    ) -> None:
        """Lays the rows of `members` side by side, the last of them the newcomer's, in tensors of another shape.

        What is left of the slots holds copies of the last row: valid, and read by nobody.
        """
        slots, size = shape
        known = [slot for member in members for slot in member.slots]
        parts = [part for part in (self._rows if known else None, newcomer) if part is not None]
        held, shared = [*known], [*known]
        if newcomer is not None:
            first, batch = self.slots if known else 0, batches[-1]
            held += [first + row for row in range(batch)]
            shared += [first + min(row, newcomer.cache.length.shape[0] - 1) for row in range(batch)]
        rest = slots - len(held)
        order_R, cached_R = (np.array(each + each[-1:] * rest, np.int32) for each in (held, shared))
        cache = joined_caches([resized_cache(part.cache, size) for part in parts])
        if cached_R.tolist() != list(range(cache.length.shape[0])):
            cache = chosen_rows(cache, cached_R)

        def chosen(*tensors: object) -> object:
            return ops.take(ops.concatenate(tensors), order_R, axis=0)

        self._rows = Rows(
            cache,
            tree.map_structure(chosen, *(part.state for part in parts)),
            tree.map_structure(chosen, *(part.controls for part in parts)),
        )
        at = 0
        for member, batch in zip(members, batches, strict=True):
            member.slots, at = list(range(at, at + batch)), at + batch
        self._members = members
