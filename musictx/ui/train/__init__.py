"""The Train tab: dataset, run, result."""
