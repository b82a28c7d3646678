"""The seed panel: chosen, uploaded, refused, heard, reported."""
