"""What of a person stands in running text in Korea: patterns that ``redact`` knows by name."""

from __future__ import annotations

from typing import Final

_MONTH_DAY: Final = r"(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])"

NAMED: Final = {
    "mobile": r"(?<!\d)(?:\+?82[-. ]?)?0?1[016789][-. ]?\d{3,4}[-. ]?\d{4}(?!\d)",
    "phone": r"(?<!\d)(?:\+?82[-. ]?)?\(?0?(?:2|[3-6][1-5]|70|80|50\d)[-. )]{1,2}\d{3,4}[-. ]?\d{4}(?!\d)",
    "email": r"[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){1,8}",
    # The last six digits may be starred already: the date of birth before them still tells.
    "resident_number": rf"(?<!\d)\d\d{_MONTH_DAY}[- ]?[0-9][0-9*]{{6}}(?![\d*])",
    "card": r"(?<!\d)(?:\d{4}[- ]?\d{4}[- ]?\d{4}[- ]?\d{2,7}|3[47]\d\d[- ]?\d{6}[- ]?\d{5})(?!\d)",
    "account": r"(?<!\d)(?:\d{2,6}-\d{2,6}-\d{2,8}(?:-\d{1,6})?|\d{10,14})(?!\d)",
    "passport": r"(?<![A-Za-z0-9])[MSRODGmsrodg](?:\d{8}|\d{3}[A-Za-z]\d{4})(?![A-Za-z0-9])",
    "driver_license": r"(?<!\d)\d\d-\d\d-\d{6}-\d\d(?!\d)",
    "ip": r"(?<![\d.])(?:\d{1,3}\.){3}\d{1,3}(?![\d.])",
}
"""The patterns by name, in the order in which they have their say where several match."""
