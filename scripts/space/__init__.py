"""Lays out the folder that is uploaded as a Hugging Face Space; see `__main__.py`."""
