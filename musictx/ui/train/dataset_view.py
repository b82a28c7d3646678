"""What the Dataset step shows, as one plain value for the browser (read by dataset.js)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from musictx.midi.files import MIDI_SUFFIXES
from musictx.ui import text
from musictx.ui.serials import new_serial
from musictx.workshop.datasets.report import DatasetReport, DatasetRow
from musictx.workshop.policy import WorkshopLimits

DATASET_SUFFIXES = (*MIDI_SUFFIXES, ".zip")
VERDICT_WORDS = {
    "usable": "",
    "short": "Short",
    "duplicate": "Duplicate",
    "near-duplicate": "Near-duplicate",
    "unusable": "Unusable",
}


def dataset_value(
    datasets: Sequence[DatasetReport],
    report: DatasetReport | None,
    limits: WorkshopLimits,
    *,
    reading: str = "",
    problem: str = "",
) -> dict[str, Any]:
    """One state of the step.

    Args:
        datasets: to choose from. report: of the chosen one, None if there is none yet.
        reading: how far the reading of new files has come; "" if none are read.
        problem: a sentence on what went wrong last; the report stays.
    """
    return {
        "serial": new_serial(),
        "phase": "reading" if reading else "report" if report else "empty",
        "reading": reading,
        "problem": problem,
        "takes": {"bytes": limits.upload_bytes, "suffixes": list(DATASET_SUFFIXES)},
        "limit": f".mid files or a zip of them, up to {limits.upload_bytes / 2**20:.0f} MB unpacked",
        "datasets": [{"id": each.dataset_id, "name": each.name} for each in datasets],
        "chosen": report.dataset_id if report else "",
        "facts": _facts(report) if report else [],
        "expectation": report.expectation if report else "",
        "warnings": list(report.warnings) if report else [],
        "rows": [_row(row) for row in report.rows] if report else [],
    }


def _facts(report: DatasetReport) -> list[list[str]]:
    """Term and value: totals, then how they are split."""
    tokens = report.training_tokens + report.validation_tokens
    return [
        ["Music", text.minutes(report.training_minutes + report.validation_minutes)],
        ["Tokens", f"{tokens:,}"],
        ["Training", f"{text.count(report.training_pieces, 'piece')}, {text.minutes(report.training_minutes)}"],
        ["Validation", f"{text.count(report.validation_pieces, 'piece')}, {text.minutes(report.validation_minutes)}"],
    ]


def _row(row: DatasetRow) -> dict[str, Any]:
    facts = [
        f"{text.count(row.notes, 'note')} · {text.minutes(row.minutes)}",
        f"{row.range.replace(' to ', '–')} · {text.count(row.tracks, 'track')}",
    ]
    return {
        "file": row.file,
        "facts": facts if row.notes else [],
        "verdict": row.verdict,
        "words": VERDICT_WORDS.get(row.verdict, row.verdict),
        "reason": row.reason,
        "split": row.split,
        "heard": row.notes > 0,
    }
