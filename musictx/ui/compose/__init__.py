"""The Compose tab: from Generate to the downloads."""
