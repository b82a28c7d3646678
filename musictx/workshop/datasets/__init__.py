"""People's datasets: uploads taken in, split, reported."""
