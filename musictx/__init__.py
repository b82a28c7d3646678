"""musictx: a piano co-writer. A seed MIDI goes in, the model continues it.

    read_midi: file -> notes | encode: notes -> ids | generate: ids -> ids | decode: ids -> notes
    write_midi: notes -> file | render: notes -> samples | write_audio: samples -> file

`musictx.studio.Studio` walks that line; everything else serves it.
"""

__version__ = "0.1.0"
