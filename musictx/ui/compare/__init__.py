"""The Compare tab: two settings or checkpoints side by side, blind if wanted."""
