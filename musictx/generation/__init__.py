"""A prompt to more ids: sampling, what may follow, and the loop over a decoder."""
