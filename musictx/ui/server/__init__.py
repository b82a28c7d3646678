"""How the page is served: guards, queue, warm-up, end."""
