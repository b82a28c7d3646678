"""A seed that is played: on the screen, on the computer's keys, on a MIDI keyboard."""
