"""What reports say in English of rows that were moved to where they are kept apart."""

from __future__ import annotations

TEXTS: dict[str, str] = {
    "fig_moved": "rows moved apart",
    "dry_fig_moved": "rows would be moved apart",
    "out_moved": "moved apart",
    "out_would_move": "would be moved apart",
    "col_to": "Moved to",
    "part_line_to": "{table} → {to}: {rows}",
    "moved_title": "What was moved apart",
    "dry_moved_title": "What would be moved apart",
    "moved_intro": (
        "Rows whose purpose has ended and that a statute still wants, moved unchanged to where they are kept apart "
        "from other personal data. They aren't destroyed and aren't counted as such."
    ),
    "dry_moved_intro": (
        "Rows whose purpose has ended and that a statute still wants, which a run would move unchanged to where they "
        "are kept apart from other personal data. They wouldn't be destroyed and aren't counted as such."
    ),
    "moved_caption": "Rows moved apart, by rule",
    "dry_moved_caption": "Rows that would be moved apart, by rule",
    "moved_none": "No row was moved.",
    "dry_moved_none": "No row would be moved.",
}
