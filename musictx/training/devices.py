"""Several devices and hosts as one: Keras's data parallelism on JAX, started by jax.distributed.

Every process runs the same command and reads the same files; each trains on its share of every batch and
the gradients are averaged by the backend. Process 0 writes. A cluster names itself by

    KERAS_DISTRIBUTION_JOB_ADDRESSES   address:port of process 0
    KERAS_DISTRIBUTION_NUM_PROCESSES   how many there are
    KERAS_DISTRIBUTION_PROCESS_ID      which one this is, from 0
"""

from __future__ import annotations

import os
from dataclasses import dataclass

import keras
import numpy as np
import numpy.typing as npt
from keras import backend

from musictx.errors import TrainingError
from musictx.types import Ids

ADDRESSES = "KERAS_DISTRIBUTION_JOB_ADDRESSES"


@dataclass(frozen=True)
class Devices:
    """process of processes: this one's place. devices: of all processes together."""

    process: int = 0
    processes: int = 1
    devices: int = 1

    @property
    def writes(self) -> bool:
        """Whether this process keeps the run's folder."""
        return self.process == 0

    def share(self, *rows: Ids) -> tuple[Ids, ...]:
        """This process's part of each batch (B, …); B must be a multiple of `devices`."""
        size = len(rows[0]) // self.processes
        return tuple(part[self.process * size : (self.process + 1) * size] for part in rows)

    def check(self, batch: int) -> None:
        """Raises TrainingError for a batch that cannot be shared out evenly."""
        if batch % self.devices:
            raise TrainingError(
                f"{batch} windows a step cannot be shared by {self.devices} devices. Choose batch_tokens and lengths "
                "so that batch_tokens // length is a multiple of that."
            )

    def agree(self, value: bool) -> bool:
        """Process 0's `value`, in every process: so that all leave the loop after the same step."""
        if self.processes == 1:
            return value
        from jax.experimental import multihost_utils

        told: npt.NDArray[np.bool_] = multihost_utils.broadcast_one_to_all(np.asarray(value))
        return bool(told)

    def wait(self, name: str) -> None:
        """Returns once every process has come to this place."""
        if self.processes > 1:
            from jax.experimental import multihost_utils

            multihost_utils.sync_global_devices(name)


def use_all_devices() -> Devices:
    """Joins the cluster that the environment names, and spreads what is built from now on over all devices.

    Raises:
        TrainingError: if several processes are asked for with a backend other than JAX.
    """
    if backend.backend() != "jax":
        if os.environ.get(ADDRESSES):
            raise TrainingError(
                f"{ADDRESSES} is set, but the backend is {backend.backend()}: several hosts train together on JAX. "
                "Install jax and set KERAS_BACKEND=jax."
            )
        return Devices()
    import jax

    if os.environ.get(ADDRESSES) and not jax.distributed.is_initialized():
        keras.distribution.initialize()
    if jax.device_count() == 1:
        return Devices()
    if keras.distribution.distribution() is None:
        keras.distribution.set_distribution(keras.distribution.DataParallel(devices=jax.devices()))
    return Devices(jax.process_index(), jax.process_count(), jax.device_count())
