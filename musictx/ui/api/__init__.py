"""The endpoints for other programs: /compose, /redo, /seed_report, /render and /score."""
