"""Scripts that more than one component needs, loaded once with the header."""
