"""From logits to a token: the sampler state of each constraint, and the filters."""
