"""The Music Transformer: one network for training, prefill and single steps."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import keras
from keras import ops

from musictx.config import ModelConfig
from musictx.model.attention import AttentionMemory, RelativeGlobalAttention
from musictx.model.cache import KeyValueCache, places
from musictx.model.positions import sinusoidal_positions

Tensor = Any

NORM_EPSILON = 1e-6


class ModelOutput(NamedTuple):
    """logits: float32 (B, T, V) of the next token after each position; cache: as given in, advanced by T."""

    logits: Tensor
    cache: KeyValueCache | None


class TransformerBlock(keras.layers.Layer):
    """Relative attention and a feed-forward network, each with dropout, residual and LayerNorm."""

    def __init__(self, config: ModelConfig, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.config = config
        policy = self.dtype_policy
        self.attention = RelativeGlobalAttention(config, name="attention", dtype=policy)
        self.attention_norm = keras.layers.LayerNormalization(epsilon=NORM_EPSILON, name="attention_norm", dtype=policy)
        self.expand = keras.layers.Dense(config.ffn_width, name="expand", dtype=policy)
        self.contract = keras.layers.Dense(config.width, name="contract", dtype=policy)
        self.ffn_norm = keras.layers.LayerNormalization(epsilon=NORM_EPSILON, name="ffn_norm", dtype=policy)
        self.dropout = keras.layers.Dropout(config.dropout, name="dropout", dtype=policy)

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Builds the sub-layers for (B, T, D)."""
        for layer in (self.attention, self.attention_norm, self.expand, self.ffn_norm, self.dropout):
            layer.build(input_shape)
        self.contract.build((*input_shape[:-1], self.config.ffn_width))

    def call(
        self,
        x_BTD: Tensor,
        memory: AttentionMemory | None = None,
        focus: Tensor | float = 1.0,
        training: bool | None = None,
    ) -> Any:
        """(B, T, D) and a memory to (B, T, D) and the memory advanced."""
        if self.config.pre_norm:
            attended, memory = self.attention(self.attention_norm(x_BTD), memory=memory, focus=focus)
            x_BTD = x_BTD + self.dropout(attended, training=training)
            fed = self._feed_forward(self.ffn_norm(x_BTD))
            return x_BTD + self.dropout(fed, training=training), memory
        attended, memory = self.attention(x_BTD, memory=memory, focus=focus)
        x_BTD = self.attention_norm(x_BTD + self.dropout(attended, training=training))
        fed = self._feed_forward(x_BTD)
        return self.ffn_norm(x_BTD + self.dropout(fed, training=training)), memory

    def _feed_forward(self, x_BTD: Tensor) -> Tensor:
        hidden = self.expand(x_BTD)
        if self.config.activation == "gelu":
            # The tanh form: the exact one exports to an ONNX file that does not load.
            return self.contract(ops.gelu(hidden, approximate=True))
        return self.contract(ops.relu(hidden))


class MusicTransformer(keras.Model):
    """Decoder-only transformer over event tokens (Huang et al. 2018), configured by `ModelConfig`.

    Built on construction: its weights exist at once. `dtype` takes a Keras dtype policy, such as
    "mixed_bfloat16" for training on a GPU; logits are float32 always.

        model = MusicTransformer(MODEL_PRESETS["enhanced"])
        logits = model(ids).logits                                    # ids int32 (B, T)
        logits, cache = model(ids[:, 5:], cache=cache_after_5)        # the same logits, position by position
    """

    def __init__(self, config: ModelConfig, dtype: Any = None, name: str = "music_transformer") -> None:
        super().__init__(name=name, dtype=dtype)
        self.config = config
        policy = self.dtype_policy
        self.embedding = keras.layers.Embedding(config.vocabulary_size, config.width, name="embedding", dtype=policy)
        self.embedding_dropout = keras.layers.Dropout(config.dropout, name="embedding_dropout", dtype=policy)
        self.blocks = [TransformerBlock(config, name=f"block_{n}", dtype=policy) for n in range(config.blocks)]
        self.final_norm = (
            keras.layers.LayerNormalization(epsilon=NORM_EPSILON, name="final_norm", dtype=policy)
            if config.pre_norm
            else None
        )
        self.head = keras.layers.Dense(config.vocabulary_size, name="head", dtype="float32")
        self.positions = sinusoidal_positions(config.window, config.width)
        self.build((None, None))

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Creates all weights; `input_shape` is that of the ids, (B, T)."""
        hidden_shape = (None, None, self.config.width)
        self.embedding.build(input_shape)
        self.embedding_dropout.build(hidden_shape)
        for block in self.blocks:
            block.build(hidden_shape)
        if self.final_norm is not None:
            self.final_norm.build(hidden_shape)
        self.head.build(hidden_shape)
        self.built = True

    def set_query_block(self, queries: int) -> None:
        """How many queries every block's attention handles at once where there is no cache; changes no result."""
        for block in self.blocks:
            block.attention.query_block = queries

    def call(
        self,
        ids_BT: Tensor,
        cache: KeyValueCache | None = None,
        focus: Tensor | float = 1.0,
        training: bool | None = None,
    ) -> ModelOutput:
        """Logits of the token after each position.

        Args:
            ids_BT: int32 token ids, (B, T); T at most the window, or the room left in the cache.
            cache: what came before; None reads `ids_BT` as the whole sequence.
                Rows may have lengths of their own, and then T is 1.
            focus: scales every block's attention temperature (1 = as trained); a scalar, or (B,) with such a cache.
            training: applies dropout.
        """
        length = ids_BT.shape[1]
        if length is not None and length > self.config.window:
            raise ValueError(f"at most {self.config.window} positions fit this model's window. Received: {length}")
        offset = 0 if cache is None else cache.length
        if cache is not None and tuple(cache.length.shape) == (1,):
            offset, focus = ops.reshape(offset, ()), ops.reshape(focus, ())  # a single row: a shift all the same
        x_BTD = self._embed(ids_BT, offset, training)
        x_BTD = self.embedding_dropout(x_BTD, training=training)
        places_S = None if cache is None else places(cache)
        keys, values = [], []
        for number, block in enumerate(self.blocks):
            memory = (
                None if cache is None else AttentionMemory(cache.keys[number], cache.values[number], offset, places_S)
            )
            x_BTD, memory = block(x_BTD, memory=memory, focus=focus, training=training)
            if memory is not None:
                keys.append(memory.keys)
                values.append(memory.values)
        if self.final_norm is not None:
            x_BTD = self.final_norm(x_BTD)
        logits = self.head(x_BTD)
        if cache is None:
            return ModelOutput(logits, None)
        return ModelOutput(logits, KeyValueCache(tuple(keys), tuple(values), cache.length + length))

    def _embed(self, ids_BT: Tensor, offset: Tensor | int, training: bool | None) -> Tensor:
        """Token embeddings times sqrt(D) plus the sinusoidal positions from `offset` on, a scalar or (B,)."""
        table = ops.cast(self.embedding.embeddings, self.compute_dtype) * math.sqrt(self.config.width)
        if training:
            # The same rows, but as a product their gradient is a product too: dense on every backend, and without
            # thousands of additions to one row, for which a GPU would have them wait for each other.
            tokens = ops.matmul(ops.one_hot(ids_BT, self.config.vocabulary_size, dtype=table.dtype), table)
        else:
            tokens = ops.take(table, ids_BT, axis=0)
        places_T = ops.arange(ids_BT.shape[1])
        if not isinstance(offset, int) and len(offset.shape):
            offset = offset[:, None]
        positions = ops.take(ops.convert_to_tensor(self.positions, dtype=tokens.dtype), offset + places_T, axis=0)
        return tokens + positions
