"""musictx: a piano co-writer. A seed MIDI goes in, the model continues it.

    read_midi: file -> notes | encode: notes -> ids | generate: ids -> ids | decode: ids -> notes
    write_midi: notes -> file | render: notes -> samples | write_audio: samples -> file

`musictx.studio.Studio` walks that line; everything else serves it. In one call:

    from musictx import generate_enhanced_music
    path = generate_enhanced_music("enhanced", "seed.mid", length=1024, out_dir="outputs")
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from musictx.privacy import send_nothing
from musictx.version import __version__ as __version__

if TYPE_CHECKING:
    from musictx.python_api import generate_enhanced_music, redo_range

__all__ = ["generate_enhanced_music", "redo_range"]

send_nothing()  # whichever module of this package is imported, this line runs before it


def __getattr__(name: str) -> Any:
    """Imports what is heavy only when somebody asks for it (PEP 562)."""
    if name in __all__:
        from musictx import python_api

        return getattr(python_api, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
