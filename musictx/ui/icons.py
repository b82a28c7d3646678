"""Inline drawings, so that the page needs no icon font and no network."""

from __future__ import annotations

BRAND = (
    '<svg class="brand-mark" viewBox="0 0 32 32" aria-hidden="true">'
    '<path class="seed" d="M4.5 17h5v4h-5zM8.5 22h4v4h-4z"/><path class="new" d="M17 11h4v4h-4zM22 6h6v4h-6z"/>'
    '<path class="join" d="M15 3v26"/></svg>'
)
THEME = (
    '<svg viewBox="0 0 24 24" aria-hidden="true"><circle cx="12" cy="12" r="8"/>'
    '<path class="half" d="M12 4a8 8 0 0 1 0 16z"/></svg>'
)
PLAY = '<svg class="icon-play" viewBox="0 0 24 24" aria-hidden="true"><path d="M8 5.5v13l11-6.5z"/></svg>'
PAUSE = (
    '<svg class="icon-pause" viewBox="0 0 24 24" aria-hidden="true">'
    '<path d="M7.5 5.5h3.2v13H7.5zM13.3 5.5h3.2v13h-3.2z"/></svg>'
)
WARNING = '<svg viewBox="0 0 24 24" aria-hidden="true"><path d="M12 4 21 19.5H3zM12 10v4.2M12 16.6v.3"/></svg>'
