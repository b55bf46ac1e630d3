"""Every word of the reports, one complete catalogue per language."""

from __future__ import annotations

from collections.abc import Mapping

from retention.report.words import en, ko, moved_en, moved_ko, questions_en, questions_ko

CATALOGUES: Mapping[str, Mapping[str, str]] = {
    "ko": {**ko.TEXTS, **moved_ko.TEXTS, **questions_ko.TEXTS},
    "en": {**en.TEXTS, **moved_en.TEXTS, **questions_en.TEXTS},
}
