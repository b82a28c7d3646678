"""What a page that is open to the world needs in front of it; plain ASGI and settings, without Gradio."""
