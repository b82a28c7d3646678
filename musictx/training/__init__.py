"""A corpus to a checkpoint: token files, the objective, the loop, and the figures."""
