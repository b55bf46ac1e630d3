"""What reports say in Korean of rows that were moved to where they are kept apart."""

from __future__ import annotations

TEXTS: dict[str, str] = {
    "fig_moved": "분리보관한 행",
    "dry_fig_moved": "분리보관 예정인 행",
    "out_moved": "분리보관",
    "out_would_move": "분리보관 예정",
    "col_to": "옮긴 곳",
    "part_line_to": "{table} → {to}: {rows}",
    "moved_title": "분리보관한 것",
    "dry_moved_title": "분리보관할 것",
    "moved_intro": (
        "처리 목적이 끝났지만 법령에 따라 보존해야 하는 행을 다른 개인정보와 분리하여 보관하는 곳으로 그대로 "
        "옮겼습니다. 파기한 것이 아니며 파기 건수에 넣지 않습니다."
    ),
    "dry_moved_intro": (
        "처리 목적이 끝났지만 법령에 따라 보존해야 하는 행으로, 실제 실행 시 다른 개인정보와 분리하여 보관하는 곳으로 "
        "그대로 옮깁니다. 파기하는 것이 아니며 파기 건수에 넣지 않습니다."
    ),
    "moved_caption": "규칙별 분리보관 건수",
    "dry_moved_caption": "규칙별 분리보관 예정 건수",
    "moved_none": "분리보관한 행이 없습니다.",
    "dry_moved_none": "분리보관할 행이 없습니다.",
}
