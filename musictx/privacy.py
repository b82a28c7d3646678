"""Nothing is sent anywhere: the reports home that libraries make by default are switched off, before any is imported.

ONNX Runtime (1.32 on Linux) writes an identifier of the device to the disk as it is imported, and sends the
interpreter's path and what was run to a host of its maker; Gradio and Hugging Face's client count launches and
downloads. All of them read the environment, most of them once, at import: so this is called when `musictx` itself is,
and child processes inherit it.
"""

from __future__ import annotations

import os
from collections.abc import MutableMapping

# Not defaults: the README promises it, so what a shell happens to export does not undo it.
SWITCHES = {
    "ORT_DISABLE_TELEMETRY": "1",
    "GRADIO_ANALYTICS_ENABLED": "False",  # also its question for a newer version
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "DISABLE_TELEMETRY": "1",
    "DO_NOT_TRACK": "1",
}


def send_nothing(environment: MutableMapping[str, str] = os.environ) -> None:
    """Sets every switch in `environment`, this process's if none is given."""
    environment.update(SWITCHES)
