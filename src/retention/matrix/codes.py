"""The findings of a matrix by code: how grave they are, what to do, and an example of what would go wrong.

``docs/findings.md`` is written from these lists (:mod:`retention.check.catalogue`).
"""

from __future__ import annotations

from dataclasses import dataclass

from retention.errors import Finding, Scope, Severity


@dataclass(frozen=True, slots=True)
class Code:
    """One kind of finding: ``do`` is the advice where nothing closer can be said, ``example`` a case it prevents."""

    code: str
    name: str
    severity: Severity
    scope: Scope
    do: str
    example: str


_FILE = (
    Code(
        "RET001", "matrix-unreadable", "error", "run", "name an existing UTF-8 file with --config",
        "A file saved in EUC-KR: a table's Korean name would be read as another name.",
    ),
    Code(
        "RET002", "yaml-broken", "error", "run", "mend the YAML at this line",
        "A list that is never closed: everything after it would belong to it.",
    ),
    Code(
        "RET003", "unknown-key", "error", "run", "remove it or spell it as the language does",
        "`kep: […]` instead of `keep: […]`: the rule would have no statutory period at all.",
    ),
    Code("RET004", "missing-key", "error", "run", "add it", "A rule without `then`: nobody has said what happens."),
    Code(
        "RET005", "wrong-value", "error", "run", "write a value of the right kind",
        "`roll_holidays: yes` is a text in YAML 1.2, not a truth value.",
    ),
    Code(
        "RET006", "duplicate-key", "error", "run", "keep one of the two",
        "Two `keep:` in one rule: one of the statutes would be lost.",
    ),
    Code(
        "RET007", "empty-value", "error", "run", "write the value out; to erase, write null",
        "`mobile:` with nothing behind it may be a wish to erase or a line that isn't finished.",
    ),
    Code(
        "RET008", "version", "error", "run", "write version: 1",
        "A matrix of a later language may mean other things by the same words.",
    ),
    Code(
        "RET009", "timezone", "error", "run", "write timezone: Asia/Seoul",
        "Days that begin in Berlin would end a period eight hours late.",
    ),
    Code(
        "RET010", "yaml-feature", "error", "run", "write it plainly",
        "Aliases within aliases: nine lines that stand for a thousand million values.",
    ),
    Code(
        "RET011", "reserved", "error", "run", "remove it; the word is kept for a later version of the language",
        "`effective_from: 2027-01-01` would be taken for in force today.",
    ),
)  # fmt: skip
_MATRIX = (
    Code(
        "RET101", "unknown-name", "error", "run", "define it, or name one that is defined",
        "`basis: pcsa_logins` where `pcsa_login` is meant: the rows would be kept by no statute.",
    ),
    Code(
        "RET102", "duplicate-id", "error", "run", "give each rule an id of its own",
        "An approval of `logins` would hold for two rules.",
    ),
    Code(
        "RET103", "rule-never-fires", "error", "run", "add a purpose, or a keep with a clock",
        "A rule with only `while_referenced_by`: nothing says from when, so no row ever goes.",
    ),
    Code(
        "RET104", "period", "error", "run", "write an ISO 8601 period such as P5Y, P3M or P5D",
        "`keep: 5 years` can't be counted by the Civil Act.",
    ),
    Code(
        "RET105", "zone", "error", "run", "name a zone of the IANA database, such as Asia/Seoul or UTC",
        "`zone: KST`: a naive 15:30 could be today or tomorrow in Seoul.",
    ),
    Code(
        "RET106", "where", "error", "run", "use columns, constants, comparisons, AND, OR and NOT only",
        "`lower(status) = 'void'`: a function may mean something else on each engine.",
    ),
    Code(
        "RET107", "pseudonymize-without-for", "error", "run", "add for: statistics, research or archiving",
        "A log past its period, pseudonymized for no purpose of 개인정보 보호법 제28조의2: it had to be destroyed.",
    ),
    Code(
        "RET108", "columns", "error", "run", "give column actions their columns, and row actions none",
        "`then: delete` with `columns`: is the row to go, or the column?",
    ),
    Code(
        "RET109", "actions-differ", "error", "run",
        "give the row rules the same action, or `where`s that no row satisfies together",
        "A row with status 'void' that one rule deletes and another separates.",
    ),
    Code(
        "RET110", "column-shared", "error", "run", "leave each column to one rule",
        "Two rules write `name`: the second finds the first one's constant and takes it for a person's name.",
    ),
    Code(
        "RET111", "mark-shared", "error", "run", "give each rule a mark column of its own",
        "A row marked by one rule counts as done under the other, which never touched it.",
    ),
    Code(
        "RET112", "cyclic-parts", "error", "run", "take one of the tables out of the circle",
        "An order is a part of its payment, the payment a part of its order: neither can go first.",
    ),
    Code(
        "RET113", "no-subject", "error", "run", "add subject: COLUMN, or none: WHY",
        "A hold on a person wouldn't cover the table's rows, because nothing says whose they are.",
    ),
    Code(
        "RET114", "unknown-item", "warning", "table", "list the item under a purpose, or name another",
        "`phone: mobil`: the policy promises nothing about such an item, so its table prints wrongly.",
    ),
    Code(
        "RET115", "then-after", "error", "run", "use it with anonymize, pseudonymize or erase, and do: delete",
        "`then: delete` with `then_after`: a year later no row is left to delete.",
    ),
    Code(
        "RET116", "out-of-range", "error", "run", "write a share from 0 to 1, or a number of rows from 0",
        "`share: 20` meant as a percentage never asks anybody.",
    ),
    Code(
        "RET117", "out-of-scope", "error", "run", "take the table into scope, or remove the rule",
        "A rule on a table that is said to hold no personal data: one of the two is wrong.",
    ),
    Code(
        "RET118", "id-clash", "error", "run", "rename the rule",
        "`usage.after` is the rule that follows `usage`; an approval of one would count for the other.",
    ),
    Code(
        "RET119", "shards", "error", "run", "give each connection an identity, in the same order",
        "Two connections and one identity: the second shard could be any database.",
    ),
    Code(
        "RET120", "part-with-rule", "error", "run", "remove the rule, or take the table out of with",
        "Card data goes with its payment after five years, and by its own rule after one.",
    ),
    Code(
        "RET121", "no-term", "warning", "rule", "declare one with then_after: {term: …, do: delete}",
        "Pseudonymized rows are still personal data, and nothing says when they go.",
    ),
    Code(
        "RET122", "table-name", "error", "run", "write database.table or database.schema.table",
        "`member` alone could lie in any database of the matrix.",
    ),
    Code(
        "RET123", "where-selects-nothing", "error", "rule", "mend the condition",
        "`status = 'a' AND status = 'b'`, or `status = NULL`: true of no row, so nothing ever goes.",
    ),
    Code(
        "RET124", "column-said-twice", "error", "table", "leave it in one of the two",
        "`phone` is an item and not_personal at once: is it to be destroyed?",
    ),
    Code(
        "RET125", "item-on-no-column", "warning", "run",
        "name the column that holds it under `items:`, or drop the item",
        "The policy says birth dates are held, and no table says where: nothing destroys them.",
    ),
    Code(
        "RET126", "basis-unused", "warning", "run", "name it in a rule's keep, or drop it",
        "The policy promises to keep dispute records for three years, and no rule does.",
    ),
    Code(
        "RET127", "purpose-unused", "warning", "run", "name it in a rule, or drop it",
        "Marketing data has a purpose in the policy, and no rule says when that ends.",
    ),
    Code(
        "RET128", "cyclic-keeps", "error", "run", "take one of the rules out of while_referenced_by",
        "A member stays for the sake of an order, the order for the sake of the member: both for ever.",
    ),
    Code(
        "RET129", "zone-missing", "error", "rule", "say `zone:` on the clock or on its database",
        "15:30 written in UTC is already the next day in Seoul: a day early is a crime, a day late a fine.",
    ),
    Code(
        "RET130", "holidays", "error", "run", "keep the day in one of the two lists",
        "2026-06-03 is added and removed: periods that end on it end on either of two days.",
    ),
    Code(
        "RET131", "other-database", "error", "run", "name a table or rule of the rule's own database",
        "A part in another database can't go in one transaction with its owner.",
    ),
    Code(
        "RET132", "clock-doubtful", "warning", "rule",
        "name a column that is written once; this clock may never run out",
        "`updated_at` moves with every save, so a row that anybody touches once a year is kept for ever.",
    ),
    Code(
        "RET133", "clock-changed", "error", "rule", "leave the column out, or count from another one",
        "One rule turns `left_at` into the first day of its year; another counts from it and destroys months early.",
    ),
    Code(
        "RET134", "subject-changed", "warning", "rule",
        "give those tables a subject column of their own, or let them go before this rule",
        "After `login_id` has become a token, a hold on the person no longer finds her orders.",
    ),
    Code(
        "RET135", "items-left", "warning", "rule", "give each a transform, or leave it to another rule",
        "An anonymized member whose `address` stays is no anonymous record.",
    ),
    Code(
        "RET136", "said-twice", "warning", "rule", "drop one",
        "The same basis from the same clock twice: one of them was meant to be another.",
    ),
    Code(
        "RET137", "null-never-matters", "warning", "rule",
        "leave out when_null, or end the purpose with another clock",
        "Where `closed_at` is null the purpose is alive, so `when_null: not_applicable` is never asked.",
    ),
    Code(
        "RET138", "hop-unlisted", "warning", "rule", "list the table under `tables:`, or spell it as it is listed",
        "A path over `shop.oder`: without the right spelling it leads nowhere.",
    ),
    Code(
        "RET139", "table-contradicts", "error", "run", "keep one of the two",
        "A table that is out of scope because it holds nothing personal, with items.",
    ),
    Code(
        "RET140", "database-twice", "error", "run", "name each connection and each identity once",
        "Two shards over the same connection: every row would be counted twice, and destroyed under two limits.",
    ),
    Code(
        "RET141", "database-unused", "warning", "run", "list its tables, or drop it",
        "A database that is opened every night and of which nothing is destroyed.",
    ),
    Code(
        "RET142", "replica-lag-idle", "warning", "run", "name the replicas under `replicas:`, or leave it out",
        "`replica_lag: 2` without `replicas`: nobody waits for anybody.",
    ),
    Code(
        "RET143", "to", "error", "rule",
        "say `to: database.table` for the rule and each of its parts under separate, and nowhere else",
        "`then: separate` without `to`: nobody has said where the payments that are kept by law are to lie.",
    ),
    Code(
        "RET144", "moved-in-circles", "error", "run", "name a table that the rows don't come back from",
        "`table: shop.payment` and `to: shop.payment`: every night the same rows would be moved to where they are.",
    ),
    Code(
        "RET145", "apart-for-ever", "warning", "rule",
        "write a rule for that table, with the statute's `keep` and then: delete, or name it there under with",
        "Payments are moved to `payment_kept` for the statute's five years, and no rule says when those are over.",
    ),
    Code(
        "RET146", "part-two-ways", "error", "run", "give the table the same `to` wherever it is a part",
        "A receipt of two payments, of which one is deleted and the other moved: it can't do both.",
    ),
)  # fmt: skip
_PLAN = (
    Code(
        "RET301", "rule-unbound", "error", "rule", "mend the rule, then check",
        "A plan is made after a column has been renamed: the rule waits, and the others are planned.",
    ),
)  # fmt: skip
CODES = {code.code: code for code in (*_FILE, *_MATRIX, *_PLAN)}


def finding(
    code: str, where: object, what: str, *, do: str = "", subject: str = "", severity: Severity | None = None
) -> Finding:
    """Return a finding of that code; ``do`` replaces the code's own advice where more can be said."""
    known = CODES[code]
    return Finding(code, severity or known.severity, known.scope, str(where), what, do or known.do, subject)
