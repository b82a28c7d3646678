"""The seed report: what was read, quietly; what to mind, set apart."""

from __future__ import annotations

from html import escape

from musictx.midi.analysis import SeedReport
from musictx.ui import icons, text

TERMS = (
    '<details class="terms"><summary>What are tokens and context?</summary><p>Tokens are the steps that the model '
    "reads and writes: a key struck or released, a wait, a change of loudness. Context is how much of the seed’s end "
    "it hears.</p></details>"
)


def report_html(report: SeedReport) -> str:
    """The report as HTML; every word from a file is escaped."""
    facts = "".join(f"<div><dt>{escape(term)}</dt><dd>{escape(value)}</dd></div>" for term, value in _facts(report))
    dropped = "".join(f"<p>{escape(sentence)}</p>" for sentence in report.dropped)
    warnings = "".join(
        f'<p class="warning">{icons.WARNING}<span>{escape(sentence)}</span></p>' for sentence in report.warnings
    )
    line = " · ".join([text.length(report.length_s), text.count(report.notes, "note"), report.key.label])
    more = f"<summary>{escape(line)}</summary><dl>{facts}</dl>{TERMS}"
    return f'<div class="report"><details class="found">{more}</details>{dropped}{warnings}</div>'


def _facts(report: SeedReport) -> list[tuple[str, str]]:
    """Term and value, three to a row."""
    whole = report.context_s > report.length_s - 0.5
    about = "about " if report.tempo_is_estimated else ""
    kept = sum(track.kept for track in report.tracks)
    return [
        ("Length", text.length(report.length_s)),
        ("Notes", f"{report.notes:,}"),
        ("Range", f"{report.lowest} – {report.highest}"),
        ("Key", report.key.label),
        ("Tempo", f"{about}{report.tempo_bpm:.0f} bpm" if report.tempo_bpm else "free"),
        ("Pedal", text.count(report.pedal_presses, "press", "presses") if report.pedal_presses else "none"),
        ("Tracks", f"{kept} of {len(report.tracks)}" if kept != len(report.tracks) else f"{kept}"),
        ("Tokens", f"{report.tokens:,}"),
        ("Context", "all of it" if whole else f"last {text.length(report.context_s)}"),
    ]
