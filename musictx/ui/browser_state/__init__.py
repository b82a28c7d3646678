"""What the browser keeps between two visits: takes, seeds, settings."""
