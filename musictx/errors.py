"""Every error that a user can cause, in one drawn hierarchy.

    MusictxError
    ├── MidiError         a file or upload that is not usable piano MIDI
    ├── SettingsError     a value outside its range (slider, option, configuration)
    ├── CheckpointError   weights or configuration missing, damaged or not fitting
    ├── EngineError       a way to run the network that is not to be had on this machine
    ├── AudioError        synthesiser library, SoundFont or audio file not usable
    └── TrainingError     a corpus or a training run that cannot go on

A message says what was received and what to do next; the page and the command
line show it as it is. Whatever only a bug can cause is an `assert`.
"""


class MusictxError(Exception):
    """Base of all errors whose message is meant for the user."""


class MidiError(MusictxError):
    """A MIDI file that cannot be read, or holds no piano notes."""


class SettingsError(MusictxError, ValueError):
    """A setting outside its range."""


class CheckpointError(MusictxError):
    """A checkpoint that is missing, damaged, or does not fit this program."""


class EngineError(MusictxError):
    """An engine that cannot run here."""


class AudioError(MusictxError):
    """A synthesiser library, SoundFont or audio format that cannot be used."""


class TrainingError(MusictxError):
    """A corpus or run folder that training cannot use."""
