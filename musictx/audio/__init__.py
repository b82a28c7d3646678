"""Notes to sound: SoundFonts, FluidSynth and audio files; knows the notes of `midi` only."""
