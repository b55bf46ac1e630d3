"""Documents change at their paths and nowhere else."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retention.surrogate.json_path import parse_path
from support.surrogates import Spec, changed, column, problems, transform
from support.texts import texts

_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | texts(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts(max_size=5), inner, max_size=3),
    max_leaves=10,
)


def _at(document: object, **specs: Spec) -> object:
    paths = {"$" + path.replace("__", "."): spec for path, spec in specs.items()}
    (new,) = changed(transform("paths", paths, column("json")), [json.dumps(document)], ["kim"])
    return json.loads(new)


def test_what_lies_at_a_path_is_changed_and_the_rest_stays() -> None:
    document = {"name": "김철수", "no": 3, "to": [{"name": "이"}, {"name": None}, {}, 5], "x": {"a b": "y", "z": 1.5}}
    built = transform(
        "paths",
        {
            "$.name": Spec("fake", "name"),
            "$.to[*].name": Spec("fake", "name"),
            "$.x['a b']": Spec("null"),
            "$.to[3]": Spec("constant", "gone"),
            "$.nowhere.at.all": Spec("null"),
        },
        column("json"),
    )
    (new,) = changed(built, [json.dumps(document, indent=2)], ["kim"])
    (name,) = changed(transform("fake", "name"), ["김철수"], ["kim"])
    to = f'[{{"name":"{name}"}},{{"name":null}},{{}},"gone"]'
    assert new == f'{{"name":"{name}","no":3,"to":{to},"x":{{"a b":null,"z":1.5}}}}'


def test_numbers_are_changed_as_numbers_where_the_transform_takes_them_else_as_texts() -> None:
    assert _at({"a": 12345, "b": "12345"}, __a=Spec("generalize", "band:1000")) == {"a": 12000, "b": "12345"}
    assert _at({"a": 12345, "b": True}, __a=Spec("mask", {"first": 1}), __b=Spec("mask", {})) == {
        "a": "1****",
        "b": "****",
    }
    assert _at({"a": "12345"}, __a=Spec("generalize", "band:1000")) == {"a": None}, "a text it doesn't take"
    image = _at({"a": 1234567}, __a=Spec("format_preserving", "d"))
    assert isinstance(image["a"], int)  # type: ignore[index]


def test_an_object_in_place_of_a_value_does_not_stay_readable() -> None:
    assert _at({"a": {"b": "Kim"}}, __a=Spec("token", "d")) == {"a": None}
    assert _at({"a": ["Kim"]}, __a=Spec("redact", ["Kim"])) == {"a": None}
    assert _at({"a": {"b": "Kim"}}, __a=Spec("keep")) == {"a": {"b": "Kim"}}
    assert _at({"a": {"b": "Kim"}}, __a=Spec("constant", 1)) == {"a": 1}


@pytest.mark.parametrize(
    "broken", ["", "{", "{'a': 1}", '{"a": NaN}', "[" * 100_000, "nothing", '{"a":1} x', '{"a": 1e999}']
)
def test_nothing_remains_of_what_can_not_be_read(broken: str) -> None:
    paths = {"$.a": Spec("keep")}
    assert changed(transform("paths", paths, column("json")), [broken, None]) == [None, None]
    assert changed(transform("paths", paths, column(nullable=False)), [broken]) == ["{}"]


def test_a_document_that_outgrows_its_column_goes() -> None:
    built = transform("paths", {"$.a": Spec("token", "d")}, column(length=20))
    assert changed(built, ['{"a":"Kim","b":12345}', '{"b":1}']) == [None, '{"b":1}']


@given(_JSON)
def test_a_document_without_the_path_keeps_its_meaning(document: object) -> None:
    built = transform("paths", {"$.there.is['no such'][7].path": Spec("null")}, column("json"))
    (new,) = changed(built, [json.dumps(document)])
    assert json.loads(new) == document


def test_the_subject_of_the_row_is_that_of_every_place_in_it() -> None:
    built = transform("paths", {"$[*]": Spec("fake", "login_id")}, column("json"))
    one, other = (json.loads(new) for new in changed(built, ['["a","b"]', '["a"]'], ["kim", "lee"]))
    assert one[0] == one[1] != other[0]


@pytest.mark.parametrize("path", ["", "$", "a", "$a", "$.", "$..a", "$[", "$[a]", "$['a]", "$.a[-1]", "$.a b"])
def test_what_is_no_path_is_refused(path: str) -> None:
    assert parse_path(path) is None
    assert "is no path" in problems("paths", {path: Spec("null")}, column("json"))[0]


@pytest.mark.parametrize(
    ("argument", "on", "says"),
    [
        ({}, column("json"), "names no path"),
        ({"$.a": Spec("null")}, column("integer"), "into JSON"),
        ({"$.a": Spec("fake", "surname")}, column("json"), "$.a: fake takes"),
        ({"$.a": Spec("null")}, column(unique=True), "unique"),
    ],
)
def test_a_column_that_it_does_not_fit_is_refused(argument: object, on: object, says: str) -> None:
    assert says in problems("paths", argument, on)[0]  # type: ignore[arg-type]
