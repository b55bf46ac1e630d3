"""Every word of the reports, one complete catalogue per language."""

from __future__ import annotations

from collections.abc import Mapping

from retention.report.words import en, ko

CATALOGUES: Mapping[str, Mapping[str, str]] = {"ko": ko.TEXTS, "en": en.TEXTS}
