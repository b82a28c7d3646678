"""Roll and player, and the component of a take around them."""
