"""People's runs: planned, launched, watched, listened to."""
