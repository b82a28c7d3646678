"""People's datasets, runs and results: what stands behind the Train tab and `python -m musictx runs`."""
