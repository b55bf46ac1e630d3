"""The findings about a live database, and about coverage, by code. The docs' list comes from here."""

from __future__ import annotations

from retention.errors import Finding, Severity
from retention.matrix.codes import Code

_DATABASE = (
    Code(
        "RET201", "table-missing", "error", "run", "spell it as the database does, or remove it from the matrix",
        "`shop.members` where the table is `member`: the rule would destroy nothing, and nobody would see it.",
    ),
    Code(
        "RET202", "column-missing", "error", "run", "spell it as the database does, or remove it from the matrix",
        "`since: paid_on` where the column is `paid_at`.",
    ),
    Code(
        "RET203", "no-key", "error", "table", "declare a primary or unique key, or `key:` in the matrix",
        "Two equal rows of a log: which of them has gone can't be proved.",
    ),
    Code(
        "RET204", "column-unclassified", "error", "table", "name its item under `items:`, or list it as not_personal",
        "A new column `passport_no` would outlive the anonymization of its row.",
    ),
    Code(
        "RET205", "reference-without-index", "warning", "table",
        "create the index; without it each destroyed row takes a scan",
        "Without an index on `orders(member_id)`, 20,000 members take 20,000 scans of all orders.",
    ),
    Code(
        "RET206", "clock-without-index", "warning", "rule", "create an index on the clock, if the table is large",
        "Every batch reads the whole log to find its oldest rows.",
    ),
    Code(
        "RET207", "clock-unreadable", "error", "rule", "say how the column is to be read with `as:` and `zone:`",
        "A text column `paid`: '03/04/2021' is a day in March or in April.",
    ),
    Code(
        "RET208", "column-misfit", "error", "rule", "choose a transform that fits the column",
        "`null` on a NOT NULL column: the database would refuse the first row of the night.",
    ),
    Code(
        "RET209", "mark-misfit", "error", "rule", "name a nullable timestamp column that nothing else fills",
        "A mark that is NOT NULL, or that the database fills by itself, marks every row as done from the start.",
    ),
    Code(
        "RET210", "table-unlisted", "warning", "table", "list it under `tables:`, or as out_of_scope",
        "A table `member_backup` that nobody thought of: its rows stay for ever.",
    ),
    Code(
        "RET211", "clock-moves", "warning", "rule",
        "name a column that is written once; this clock may never run out",
        "A column with ON UPDATE CURRENT_TIMESTAMP: any correction starts the period anew.",
    ),
    Code(
        "RET212", "path-broken", "error", "rule", "declare the relation under `relations:` and name it",
        "Two foreign keys lead from a payment to a member: the payer's, or the seller's?",
    ),
    Code(
        "RET213", "no-key-ring", "error", "rule", "see that the key ring is there and can be used",
        "Without a ring the same person would get another pseudonym each night.",
    ),
    Code(
        "RET214", "key-nullable", "error", "table", "name columns under `key:` that are NOT NULL",
        "A row whose key is null can't be found again between the plan and the run.",
    ),
    Code(
        "RET215", "key-not-unique", "warning", "table", "make the key unique, or name one that is",
        "Two rows with the key 7: the ledger would hold one fingerprint for both.",
    ),
    Code(
        "RET216", "relation-types", "warning", "table", "give both columns one type, or mend the relation",
        "`member_no` '007' and 7 are one value to one engine and two to another.",
    ),
    Code(
        "RET217", "parent-not-unique", "warning", "table", "see that this is meant, or make the columns unique",
        "Two orders with the number 15: a payment of one of them holds both.",
    ),
    Code(
        "RET218", "referred-column-changed", "warning", "rule",
        "leave the column out, or change it in both tables with one token",
        "`login_id` becomes a token here and stays a name in the log: the log's rows have lost their member.",
    ),
    Code(
        "RET219", "trigger-copies", "warning", "rule", "see what the trigger keeps, and name it under `copies:`",
        "An audit trigger writes each destroyed row into `member_history`: nothing has been destroyed.",
    ),
    Code(
        "RET220", "cascade-reaches", "warning", "table", "make the foreign key ON DELETE NO ACTION",
        "A payment that must stay five years, written between the check and the DELETE of its order, goes with it.",
    ),
    Code(
        "RET221", "set-null-holds", "warning", "table",
        "say `detach: true` under `relations:` if it may happen; until then such rows keep the row they refer to",
        "A coupon whose `used_by` could become null keeps its member for ever.",
    ),
    Code(
        "RET222", "parent-never-goes", "warning", "rule",
        "give that table a rule, name it under `with:`, or say `holds: false` for the relation",
        "A member with one row in `point_balance`, which no rule ever empties, stays for ever.",
    ),
    Code(
        "RET223", "partition-named", "error", "run", "name the partitioned table",
        "A rule on `log_2021` and one on `log`: the same rows under two rules.",
    ),
    Code(
        "RET224", "partition-key-alone", "warning", "table",
        "add the foreign key to the partitioned table, drop it from its partitions, or declare it under `relations:`",
        "A foreign key ON DELETE SET NULL of one partition only: with its member gone, the others' rows still name it.",
    ),
    Code(
        "RET225", "partition-column-changed", "warning", "rule", "leave the column out",
        "A generalized `joined_on` moves every row into another partition.",
    ),
    Code(
        "RET226", "right-missing", "error", "rule", "grant it to the role of the connection",
        "The night would break off at its first DELETE.",
    ),
    Code(
        "RET227", "rights-too-many", "warning", "run", "give the connection a role of its own with the rights it needs",
        "As a superuser a wrong URL destroys in any database of the server.",
    ),
    Code(
        "RET228", "rows-hidden", "error", "table", "let the role see every row (BYPASSRLS, or a policy for it)",
        "Row security hides other tenants' rows: they are never counted, never due, and stay.",
    ),
    Code(
        "RET229", "history-kept", "error", "table",
        "take the versioning off the table (DROP SYSTEM VERSIONING)",
        "In a system-versioned table a DELETE only moves the row into its history.",
    ),
    Code(
        "RET230", "where-types", "error", "rule", "compare the column with a constant of its own type",
        "`status = 0` on a text column: MariaDB takes every text that is no number for 0, and all rows would go.",
    ),
    Code(
        "RET231", "subject-broken", "error", "table", "mend the way to the subject, or declare the relation",
        "A hold on a person that doesn't find her rows.",
    ),
    Code(
        "RET232", "unique-together", "warning", "rule", "use token or format_preserving on one of its columns",
        "(name, birth_date) is unique, and both become constants: the second row is refused.",
    ),
    Code(
        "RET234", "table-two-names", "error", "run", "name it with its schema everywhere, or nowhere",
        "`shop.public.log` under one rule and `shop.log` under another: the same rows, counted twice.",
    ),
    Code(
        "RET233", "detach-idle", "warning", "table", "leave out `detach`, or make the foreign key ON DELETE SET NULL",
        "`detach: true` on a foreign key with ON DELETE RESTRICT: nothing is ever set to null.",
    ),
    Code(
        "RET235", "no-replicas", "error", "run", "take `replicas` out of the database",
        "A SQLite file has no replicas: somebody has named a copy, or another database.",
    ),
    Code(
        "RET236", "replica-silent", "warning", "run",
        "see that it is up, follows, and lets this role ask; until then a run goes slowly",
        "The replica's role lacks REPLICA MONITOR: nobody would notice that it falls hours behind.",
    ),
    Code(
        "RET237", "load-probe-fails", "warning", "run",
        "mend its SELECT, or let the role read what it reads; until then a run goes slowly",
        "A probe of a table that has been renamed: every night would crawl at a quarter of its batches.",
    ),
    Code(
        "RET238", "no-place", "error", "rule", "add the column to the table that rows are moved to",
        "A column `receipt_no` that came later, and only to `payment`: every moved payment would lose it.",
    ),
    Code(
        "RET239", "place-refuses", "error", "rule", "let the column be null, or give it a default",
        "`moved_by` of `payment_kept` is NOT NULL, and no payment has such a column: none could be moved.",
    ),
    Code(
        "RET240", "place-too-narrow", "error", "rule", "give both columns one type",
        "An amount of DECIMAL(12,2) moved to DECIMAL(12,0): the record that the law wants is no longer what was paid.",
    ),
    Code(
        "RET241", "place-refers", "error", "rule", "drop that foreign key, or name its table as a part under `with:`",
        "`payment_kept` refers to `order_kept`, and payments are moved before their orders: each would be refused.",
    ),
    Code(
        "RET242", "rows-inherited", "error", "table",
        "make it a table of its own (ALTER TABLE … NO INHERIT), or a partition",
        "`log_keep` INHERITS `log`: a DELETE on `log` takes its rows as well, whatever their own rule says.",
    ),
    Code(
        "RET243", "no-rollback", "error", "table",
        "ALTER TABLE … ENGINE = InnoDB; of a foreign table name the database that holds its rows",
        "In a MyISAM table a batch that fails has destroyed its rows all the same, and nothing proves it. A foreign "
        "table's rows go on another server, with all that its own keys take along.",
    ),
    Code(
        "RET244", "referring-unseen", "error", "rule",
        "let the role see those tables, or tell it which there are: GRANT PROCESS ON *.* (`init --grants` prints it)",
        "A table that came later refers to `member` ON DELETE CASCADE, which the role may not read: its rows would go.",
    ),
    Code(
        "RET245", "place-forgets", "error", "rule", "ALTER TABLE … ENGINE = InnoDB; on PostgreSQL SET LOGGED",
        "`payment_kept` is UNLOGGED: after a crash nothing is left of what the law wants for three years more.",
    ),
    Code(
        "RET246", "own-table-forgets", "error", "run", "ALTER TABLE … ENGINE = InnoDB; on PostgreSQL SET LOGGED",
        "`retention_batch` in MyISAM: a batch that was taken back has a marker, and is told as done.",
    ),
    Code(
        "RET247", "trigger-destroys", "error", "rule",
        "drop the trigger, or name its table as a part under `with:` if it holds the same record",
        "A trigger on `orders` deletes their payments, which have five years to run. Other tables than those of the "
        "matrix: a warning.",
    ),
    Code(
        "RET248", "trigger-changes", "warning", "rule", "see that what it changes is nothing a statute wants unchanged",
        "A trigger on `orders` sets the amount of their payments to 0 when they go.",
    ),
    Code(
        "RET249", "update-carried", "error", "rule",
        "leave the column out, or make the foreign key ON UPDATE NO ACTION",
        "`login_id` becomes a token, and ON UPDATE CASCADE writes it into the log, which has two years to run.",
    ),
    Code(
        "RET250", "partitions-not-by-clock", "warning", "rule",
        "partition the table by ranges of the clock, or take `drop_partitions` out",
        "A log partitioned by shop: none of its partitions ever holds nothing but old rows.",
    ),
    Code(
        "RET251", "key-compares-otherwise", "error", "rule", "give both columns of the foreign key the very same type",
        "An ENUM('x','y') refers to an ENUM('y','x'): MariaDB compares their numbers, and 'x' cascades to 'y'.",
    ),
    Code(
        "RET252", "subject-inexact", "error", "table", "name a column of a text, a number or a UUID as the subject",
        "A subject of the type INET: a hold on 10.0.0.1 doesn't find 10.0.0.1/32.",
    ),
    Code(
        "RET253", "place-rewrites", "error", "rule",
        "drop the trigger or rule, or move the rows to a table without one",
        "A trigger BEFORE INSERT on `payment_kept` sets the amount to 0, and the original is deleted. One that runs "
        "AFTER it and of which nobody can tell what it changes: a warning.",
    ),
    Code(
        "RET254", "made-from-changed", "error", "rule",
        "leave the column out, or name one that the database doesn't make from it",
        "`left_at` is generated from `quit_day`, which becomes null: the member seems to be one again, and her row "
        "stays.",
    ),
)  # fmt: skip
_COVERAGE = (
    Code(
        "RET401", "table-uncovered", "error", "table", "write a rule for it, or say why it is out of scope",
        "`newsletter_reader` holds addresses, and no rule says until when.",
    ),
    Code(
        "RET402", "column-uncovered", "error", "table", "give it to a column rule, or the whole row to a row rule",
        "A member's `memo` stays when all else has been anonymized.",
    ),
    Code(
        "RET403", "rows-uncovered", "error", "table", "widen a rule's where, or write one for the others",
        "Rules for 'paid' and 'void', and rows whose status is null: they stay for ever.",
    ),
    Code(
        "RET404", "item-uncovered", "warning", "run", "name the column that holds it under `items:`",
        "The policy names a birth date, and no table says that it holds one.",
    ),
    Code(
        "RET405", "purpose-uncovered", "error", "run", "name it in a rule, with the clock that ends it",
        "Data held for marketing, and no rule says when that ends.",
    ),
    Code(
        "RET406", "record-uncovered", "error", "run", "name it in the `keep` of the rule that holds such records",
        "The policy promises dispute records for three years; they go with their purpose.",
    ),
)  # fmt: skip
CODES = {code.code: code for code in (*_DATABASE, *_COVERAGE)}


def finding(
    code: str, where: object, what: str, subject: str, *, do: str = "", severity: Severity | None = None
) -> Finding:
    """Return a finding of that code about the rule or table ``subject``."""
    known = CODES[code]
    return Finding(code, severity or known.severity, known.scope, str(where), what, do or known.do, subject)
