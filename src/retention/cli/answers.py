"""Answers to questions as lines and tables on the terminal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd
from rich.table import Table

from retention.report.wording import Words

_INDENT = "  "


def explanation(document: Mapping[str, Any], lang: str, *, secret: bool) -> Iterator[str]:
    """Yield one row's explanation line by line; a key that came by standard input isn't shown."""
    words = Words.of(lang)
    key = words("ex_secret_key") if secret else " ".join(document["key"])
    yield words("ex_title", table=document["table"], key=key, as_of=document["as_of"])
    for rule in document["rules"]:
        yield ""
        yield from _rule(rule, words)
    for part in document["part_of"]:
        yield ""
        yield from _part(part, words)
    yield from stopped_lines(document, lang)
    if "out_of_scope" in document:
        yield words("ex_out_of_scope", why=document["out_of_scope"])
    elif document["uncovered"]:
        yield words("ex_uncovered")


def stopped_lines(document: Mapping[str, Any], lang: str) -> Iterator[str]:
    """Yield the rules that a finding stops, and of which nothing else is said."""
    words = Words.of(lang)
    for stopped in document["stopped"]:
        yield words("ex_stopped", rule=stopped["id"], finding=stopped["finding"])


def forecast_table(document: Mapping[str, Any], lang: str) -> Table:
    """Return a forecast as a table: a rule a line, a month a column, and the sums."""
    words = Words.of(lang)
    table = Table(title=words("fc_title", as_of=document["as_of"]))
    table.add_column(words("fc_rule"), no_wrap=True)
    table.add_column(words("fc_action"), no_wrap=True)
    months = [one["month"] for one in document["months"]]
    for head in (words("fc_due"), *(month[2:] for month in months), words("fc_stays")):
        table.add_column(head, justify="right")
    counted = [
        [rule["due"], *(one["rows"] for one in rule["months"]), sum(rule["stays"].values())]
        for rule in document["rules"]
    ]
    numbers = pd.DataFrame(counted, columns=["due", *months, "stays"])
    for rule, row in zip(document["rules"], numbers.itertuples(index=False), strict=True):
        shard = f" {rule['shard']}" if rule["shard"] else ""
        table.add_row(rule["id"] + shard, words.term("do", rule["action"]), *(f"{number:,}" for number in row))
    table.add_section()
    table.add_row(words("fc_total"), "", *(f"{int(number):,}" for number in numbers.sum()))
    return table


def diff_tables(document: Mapping[str, Any], lang: str) -> Iterator[Table]:
    """Yield what differs rule by rule, then which rows go altogether, table by table."""
    words = Words.of(lang)
    names = {"old": document["old"]["file"], "new": document["new"]["file"]}
    rules = Table(title=words("df_title", as_of=document["as_of"], **names))
    for head in ("rule", "change", "action"):
        rules.add_column(words(f"df_{head}"))
    tables = Table(words("df_table"), title=words("df_destroyed"))
    for table in (rules, tables):
        for head in ("due_old", "due_new", "newly", "no_longer"):
            table.add_column(words(f"df_{head}"), justify="right")
    for rule in document["rules"]:
        what = ", ".join(rule["changed"])
        change = words(f"df_{rule['change']}", what=what)
        rules.add_row(rule["id"], change, _actions(rule["action"], words), *_differences(rule))
    for one in document["tables"]:
        tables.add_row(one["name"], *_differences(one))
    yield rules
    yield tables


def _actions(action: Mapping[str, str], words: Words) -> str:
    named = dict.fromkeys(words.term("do", one) for one in action.values())
    return " → ".join(named)


def _differences(one: Mapping[str, Any]) -> list[str]:
    numbers = (one["due"]["old"], one["due"]["new"], one["newly_due"], one["no_longer_due"])
    return [f"{number:,}" for number in numbers]


def _rule(rule: Mapping[str, Any], words: Words) -> Iterator[str]:
    said = [words.term("state", rule["state"]), _when(rule, words)]
    if rule.get("overdue"):
        said.append(words("ex_overdue"))
    if "carried_under" in rule:
        said.append(words("ex_under", rule=rule["carried_under"]))
    if "shard" in rule:
        said.append(words("shard", shard=rule["shard"]))
    yield words("ex_rule", rule=rule["id"], state=" · ".join(one for one in said if one))
    for basis in rule["bases"]:
        if basis["kind"] == "min":
            yield from _basis(basis, words)
    for purpose in rule["purposes"]:
        yield _INDENT + words("ex_purpose", name=_named(purpose, words))
        yield from _steps(purpose)
    for hold in rule["holds"]:
        yield _INDENT + words("ex_hold_until" if "until" in hold else "ex_hold", **{"day": hold.get("until"), **hold})
    for one in rule["referenced_by"]:
        rows = words.rows(one["rows"])
        text = "ex_referenced" if "until" in one else "ex_referenced_open"
        yield _INDENT + words(text, rows=rows, table=one["table"], day=one.get("until"))


def _when(rule: Mapping[str, Any], words: Words) -> str:
    action = words.term("do", rule["action"])
    if rule["state"] == "done":
        return words("ex_done_on", day=rule["done_on"]) if "done_on" in rule else ""
    if "goes_on" not in rule:
        return words("ex_goes_unknown", action=action)
    return words("ex_due" if rule["state"] == "due" else "ex_goes_on", action=action, day=rule["goes_on"])


def _basis(basis: Mapping[str, Any], words: Words) -> Iterator[str]:
    if "rules" in basis:
        yield _INDENT + words("ex_needed_by", rules=", ".join(basis["rules"]))
    else:
        read = [words("ex_read", day=basis["read"])] if "read" in basis else []
        mark = [basis["source_mark"]] if "source_mark" in basis else []
        noted = ", ".join([basis["id"], *read, *mark])
        yield f"{_INDENT}{basis['statute']} {basis['article']} ({noted})"
        if "record" in basis:
            yield _INDENT * 2 + words("ex_record", record=basis["record"])
    yield from _steps(basis)
    if "other_reading" in basis:
        other = "administrative" if basis["computation"] == "civil" else "civil"
        name = words(f"comp_short_{other}")
        yield _INDENT * 2 + words("ex_other_reading", computation=name, day=basis["other_reading"])


def _named(purpose: Mapping[str, Any], words: Words) -> str:
    name = purpose.get("name") or words.term("basis", purpose["id"])
    read = [words("ex_read", day=purpose["read"])] if "read" in purpose else []
    noted = ", ".join([f"{purpose['statute']} {purpose['article']}", *read])
    return f"{name} ({noted})"


def _steps(one: Mapping[str, Any]) -> Iterator[str]:
    for number, step in enumerate(one["steps"], 1):
        yield f"{_INDENT * 2}{number}. {step}"


def _part(part: Mapping[str, Any], words: Words) -> Iterator[str]:
    states = ", ".join(f"{words.term('state', state)} ({words.rows(rows)})" for state, rows in part["states"].items())
    yield words("ex_part", table=part["table"], rule=part["rule"], states=states)
    known = "goes_on" in part
    yield _INDENT + words("ex_part_goes_on" if known else "ex_part_unknown", day=part.get("goes_on"))
