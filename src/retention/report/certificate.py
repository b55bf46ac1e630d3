"""파기확인서: the confirmation of destruction, with lines to sign for the officer and the person in charge."""

from __future__ import annotations

from dataclasses import dataclass

from retention.report.attention import attention
from retention.report.register_form import destructions, extent, reasons
from retention.report.report import Report
from retention.report.table import Cell, Line, Table, Text, lines

_ROLES = (("officer", "role_officer"), ("in_charge", "role_in_charge"))


@dataclass(frozen=True, slots=True)
class Signature:
    """A person to sign; what the matrix doesn't name is left to be written by hand."""

    role: str
    name: str
    department: str


def certificate(report: Report) -> Table:
    """Return the confirmation's entries; empty where nothing was destroyed."""
    words, run = report.words, report.run
    caption = words("certificate_caption", run=run["run"])
    rules = destructions(report)
    if not rules:
        return Table(caption, (), ())
    total = words.rows(sum(rule.counted for rule in rules))
    by_hand = Text(words("blank_line"), write_in=True)
    whose = [f"{rule.file or report.named(rule)} ({rule.table}): {'; '.join(extent(report, rule))}" for rule in rules]
    rows: list[tuple[Cell, ...]] = [
        (words("cert_object"), tuple(whose)),
        (words("cert_subjects"), words("cert_subjects_unknown", rows=total)),
        (words("cert_reason"), tuple(dict.fromkeys(reason for rule in rules for reason in reasons(report, rule)))),
        (words("cert_day"), words.window(run)),
        (words("cert_handler"), _handler(report)),
        (words("cert_witness"), (by_hand,)),
        (
            words("cert_method"),
            tuple(words(f"cert_method_{action}") for action in dict.fromkeys(rule.action for rule in rules)),
        ),
        (words("cert_backup"), _backup(report)),
        (words("cert_special"), _special(report)),
        (words("cert_plan"), _approved(report)),
    ]
    return Table(caption, (words("cert_item"), words("cert_entry")), rows, "certificate")


def signatures(report: Report) -> tuple[Signature, ...]:
    """Return who signs: the roles of the matrix, or the law's where it names nobody."""
    organisation = report.facts.get("organisation", {})
    people = [(organisation.get(key, {}), report.words(role)) for key, role in _ROLES]
    return tuple(
        Signature(person.get("role") or role, person.get("name", ""), person.get("department", ""))
        for person, role in people
    )


def confirmations(report: Report) -> Table:
    """Return the confirmations that the ledger holds."""
    words = report.words
    rows = [(one["by"], words.instant(one["at"]), one.get("note")) for one in report.run.get("confirmations", ())]
    heads = (words("col_confirmed_by"), words("col_at"), words("col_note"))
    return Table(words("confirmations_caption"), heads, rows, "confirmations")


def _handler(report: Report) -> tuple[Line, ...]:
    person = report.facts.get("organisation", {}).get("in_charge", {})
    named = " ".join(person[key] for key in ("department", "role", "name") if person.get(key))
    run = report.run
    known = "who" in run and "from" in run
    account = report.words("cert_account", who=run["who"], host=run["from"]) if known else None
    return lines(named, account)


def _backup(report: Report) -> tuple[Line, ...]:
    words = report.words
    copies = list(dict.fromkeys(copy for rule in destructions(report) for copy in rule.facts.get("copies", ())))
    told = words("cert_backup_copies", copies=", ".join(copies)) if copies else words("cert_backup_unknown")
    return lines(told, Text(words("cert_backup_line"), write_in=True))


def _special(report: Report) -> tuple[Line, ...]:
    confirmed = report.words("att_unconfirmed", run=report.run["run"])
    found = tuple(one.text for one in attention(report) if one.text != confirmed)
    return found or (report.words("cert_special_none"),)


def _approved(report: Report) -> tuple[Line, ...]:
    words, run = report.words, report.run
    rules = {rule.id for rule in destructions(report)}
    answers = dict.fromkeys(
        words("cert_approved", at=words.instant(one["at"]), by=one["by"])
        for one in run.get("approvals", ())
        if one["rule"] in rules and one.get("at") and one.get("by")
    )
    return lines(Text(run["plan"], code=True), *(answers or (words("cert_not_approved"),)))
