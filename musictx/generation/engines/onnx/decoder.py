"""The ONNX Runtime engine: the exported network, and grammar and draw on the host in numpy.

    prompt -> blocks through the prefill graph -> key/value cache
    cache -> for each token: step graph, written in place -> `draw`
    music that is there already -> blocks through the score graph, float32 as the prompt's -> nats

Imports neither Keras nor TensorFlow: the first note comes in a fraction of a second after the start.

Shape letters: B variations, P prompt, N new tokens, T tokens that are there already.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from musictx.config import SamplingConfig
from musictx.generation.engines.base import Nats, Uniforms, token_nats
from musictx.generation.engines.fair_lock import FairLock
from musictx.generation.engines.onnx.graphs import find_graphs
from musictx.generation.engines.onnx.network import Binding, Cache, Network, grow, repeated, room_in, side_by_side
from musictx.generation.sampling.draw import draw
from musictx.generation.sampling.state import SamplerState, state_after
from musictx.midi import vocabulary
from musictx.model.weights import read_weights
from musictx.types import Ids

# A call costs nothing beyond its tokens, so this bounds only how much is drawn before anyone may stop it.
CHUNK = 64


class OnnxDecoder:
    """A `Decoder` over a `Network`; see the module's docstring.

    Args:
        network: graphs and weights.
        lock: who may use the machine next, where other engines share it.
    """

    def __init__(self, network: Network, lock: FairLock | None = None) -> None:
        self._network = network
        self._lock = lock or FairLock()
        self.window: int = network.config.window
        self.chunk = CHUNK

    @classmethod
    def open(
        cls,
        checkpoint: Path,
        cache: Path,
        int8: bool = False,
        lock: FairLock | None = None,
        bases: Sequence[Path] = (),
    ) -> OnnxDecoder:
        """The engine of the checkpoint in a folder; graphs that do not come with the program are built into `cache`.

        `bases` are folders in which a LoRA's base is looked for.

        Raises:
            CheckpointError: if the checkpoint cannot be used.
            EngineError: if there are no graphs for it, and none can be built.
        """
        arrays, card = read_weights(checkpoint, vocabulary.fingerprint(), bases)
        return cls(Network(find_graphs(card.model, checkpoint, cache), arrays, int8), lock)

    def start(self, prompts_BP: Ids, state: SamplerState, sampling: SamplingConfig) -> OnnxStream:
        """See `Decoder.start`. The last prompt token is read by the first draw."""
        batch, length = prompts_BP.shape
        assert 1 <= length <= self.window, (length, self.window)
        alike = bool((prompts_BP == prompts_BP[:1]).all())
        different_XP = prompts_BP[: 1 if alike else batch]
        caches = [self._network.prefill(row_P[:-1], sampling.focus, lock=self._lock) for row_P in different_XP]
        cache = repeated(caches[0], batch) if alike else side_by_side(caches)
        return OnnxStream(self._network, self._lock, cache, state.with_last(prompts_BP[:, -1]), sampling, length)

    def score(self, ids_T: Ids, focus: float) -> Nats:
        """See `Decoder.score`."""
        assert 2 <= ids_T.size <= self.window + 1, (ids_T.size, self.window)
        targets_T, nats_T = ids_T[1:], np.zeros(ids_T.size - 1, np.float32)
        for start, logits_TV in self._network.read(ids_T[:-1], focus, self._lock):
            part = slice(start, start + len(logits_TV))
            nats_T[part] = token_nats(logits_TV, targets_T[part])
        return nats_T

    def warm_up(self, variations: int = 1, tokens: int | None = None) -> None:
        """See `Decoder.warm_up`: a first run allocates; nothing is compiled."""
        prompts_BP = np.full((variations, 2), vocabulary.START, np.int32)
        self.start(prompts_BP, state_after(prompts_BP), SamplingConfig()).advance(np.zeros((variations, 1), np.float32))


class OnnxStream:
    """A `Stream` of the ONNX Runtime engine: all that belongs to one visitor.

    position: tokens so far; the last of them is not in the cache yet.
    """

    def __init__(
        self,
        network: Network,
        lock: FairLock,
        cache: Cache,
        state: SamplerState,
        sampling: SamplingConfig,
        position: int,
    ) -> None:
        self._network, self._lock = network, lock
        self._cache, self._state, self._sampling, self.position = cache, state, sampling, position
        self._binding: Binding | None = None

    def advance(self, uniforms_BN: Uniforms) -> Ids:
        """See `Stream.advance`."""
        batch, count = uniforms_BN.shape
        assert self.position + count <= self._network.config.window
        ids_BN = np.zeros((batch, count), np.int32)
        with self._lock:
            binding = self._bound(self.position + count)
            for number, uniforms_B in enumerate(uniforms_BN.T):
                ids_BN[:, number] = self._draw(binding, uniforms_B)
        return ids_BN

    def close(self) -> None:
        """See `Stream.close`."""
        self._binding = None

    def _draw(self, binding: Binding, uniforms_B: Uniforms) -> Ids:
        """One more token a row."""
        logits_BV = binding.step(self._state.last_B, self.position - 1)
        self._state = draw(np, logits_BV, uniforms_B, self._state, self._sampling, self._sampling.scope)
        self.position += 1
        return self._state.last_B

    def _bound(self, positions: int) -> Binding:
        """The step graph over a cache with room for `positions`."""
        if room_in(self._cache) < positions:
            self._binding = None  # it holds on to the arrays
            grow(self._cache, positions)
        if self._binding is None:
            self._binding = self._network.bind(self._cache, self._sampling.focus)
        return self._binding
