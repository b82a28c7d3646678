"""People's checkpoints: packed, tried, taken in, referred to."""
