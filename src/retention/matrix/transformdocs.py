"""The grammar of transforms: what a column's value becomes, as it is written under ``columns``."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import AfterValidator, Discriminator, Field, Tag
from typing_extensions import TypeAliasType

from retention.matrix.model import Place, TransformSpec
from retention.matrix.written import Name, Written


class ConstantDoc(Written):
    """Every value becomes the same one."""

    constant: int | float | str | bool
    """The value."""


class MaskEndsDoc(Written):
    """How many characters stay readable."""

    first: Annotated[int, Field(ge=0)] = 0
    """Characters at the beginning."""
    last: Annotated[int, Field(ge=0)] = 0
    """Characters at the end."""


class MaskDoc(Written):
    """All but the first and last characters become asterisks."""

    mask: MaskEndsDoc
    """How many stay, such as ``{first: 1, last: 4}``."""


class TruncateDoc(Written):
    """The first characters stay."""

    truncate: Annotated[int, Field(ge=0)]
    """How many."""


class TokenDoc(Written):
    """A name that says nothing of the value, the same within a domain for the same value."""

    token: Name
    """The domain."""


class FakeDoc(Written):
    """A made-up value that looks real, the same for the same subject wherever its kind is faked."""

    fake: Literal[
        "name",
        "nickname",
        "mobile",
        "phone",
        "email",
        "address",
        "company",
        "occupation",
        "birth_date",
        "login_id",
    ]
    """Of which kind."""


class GeneralizeDoc(Written):
    """The class that a value belongs to."""

    generalize: (
        Literal["year", "month", "age_band", "sigungu", "sido", "ip24"]
        | Annotated[str, Field(pattern=r"^band:[1-9][0-9]*$")]
    )
    """Which class; ``band:10000`` is a band of that width."""


class DateShiftDoc(Written):
    """A date moved by as many days as the subject's draw within a domain says."""

    date_shift: Name
    """The domain."""


class FormatPreservingDoc(Written):
    """Letters become letters and digits digits, one to one within a domain."""

    format_preserving: Name
    """The domain."""


def _compiles(pattern: str) -> str:
    try:
        re.compile(pattern)
    except re.error as error:
        raise ValueError(f"{pattern} is no regular expression ({error.msg})") from None
    return pattern


class RedactDoc(Written):
    """What matches in a text is blacked out."""

    redact: Annotated[list[Annotated[Name, AfterValidator(_compiles)]], Field(min_length=1)]
    """Regular expressions, or names of what is known by name, such as ``mobile`` and ``email``."""


class PythonDoc(Written):
    """A transform of your own."""

    python: Annotated[str, Field(pattern=r"^[A-Za-z_]\w*(\.[A-Za-z_]\w*)*:[A-Za-z_]\w*$")]
    """``module:function``."""


_SINGLE: dict[str, type[Written]] = {
    name: model
    for model in (
        ConstantDoc,
        MaskDoc,
        TruncateDoc,
        TokenDoc,
        FakeDoc,
        GeneralizeDoc,
        DateShiftDoc,
        FormatPreservingDoc,
        RedactDoc,
        PythonDoc,
    )
    for name in model.model_fields
}
_PLAIN = ("null", "keep")
NAMES = (*_PLAIN, *_SINGLE)
"""Every transform's name."""


def _kind(value: Any) -> str | None:
    if value is None or value in _PLAIN:
        return "(plain)"
    if isinstance(value, Written):
        return f"({next(iter(type(value).model_fields))})"
    if isinstance(value, dict) and value:
        only = next(iter(value)) if len(value) == 1 else ""
        if only in _SINGLE:
            return f"({only})"
        if any(name in value for name in _SINGLE):
            return None
        nested = all(_kind(inner) is not None for inner in value.values())
        return "(paths)" if nested else None
    return None


if TYPE_CHECKING:
    TransformDoc = Any
else:
    TransformDoc = TypeAliasType(
        "TransformDoc",
        Annotated[
            Annotated[Literal["null", "keep"] | None, Tag("(plain)")]
            | Annotated[ConstantDoc, Tag("(constant)")]
            | Annotated[MaskDoc, Tag("(mask)")]
            | Annotated[TruncateDoc, Tag("(truncate)")]
            | Annotated[TokenDoc, Tag("(token)")]
            | Annotated[FakeDoc, Tag("(fake)")]
            | Annotated[GeneralizeDoc, Tag("(generalize)")]
            | Annotated[DateShiftDoc, Tag("(date_shift)")]
            | Annotated[FormatPreservingDoc, Tag("(format_preserving)")]
            | Annotated[RedactDoc, Tag("(redact)")]
            | Annotated[PythonDoc, Tag("(python)")]
            | Annotated[dict[Name, "TransformDoc"], Tag("(paths)")],
            Discriminator(
                _kind,
                custom_error_type="transform",
                custom_error_message="this is no transform; write null, keep, or one such as {{token: DOMAIN}}",
            ),
        ],
    )


def spec_of(doc: Any, place: Place) -> TransformSpec:
    """Return a transform's name and argument; that of a JSON column's is a mapping of paths to transforms."""
    if doc is None or doc == "null":
        return TransformSpec("null", place=place)
    if doc == "keep":
        return TransformSpec("keep", place=place)
    if isinstance(doc, dict):
        return TransformSpec("paths", {path: spec_of(inner, place) for path, inner in doc.items()}, place)
    ((name, argument),) = doc.model_dump(exclude_unset=True).items()
    return TransformSpec(name, argument, place)
