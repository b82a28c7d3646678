"""Music as notes and as tokens: knows numpy and a MIDI reader, nothing of models or pages."""
