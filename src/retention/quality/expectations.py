"""Judging measures with Great Expectations, as SQL in the database: one context per database and phase.

A query asset is one row of counts, those of several measures side by side, taken once into a temporary table of the
session: every expectation looks at it, and each would weigh the tables again. The result of an expectation is a count,
never a value of a row; the database's URL stays in memory (an ephemeral context).
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Engine, Select, select

from retention.database.connect import Database
from retention.errors import DatabaseFault
from retention.quality.measure import Check, Expected, Measure

_DATASOURCE = "retention"
_COUNTS_A_ROW = 60


def judge(database: Database, phase: str, measures: Sequence[Measure]) -> list[Check]:
    """Return a check for every expectation of every measure.

    Raises:
        DatabaseFault: a measure could not be taken.
    """
    if not any(measure.expected for measure in measures):
        return []
    # Its import takes seconds and it would report usage: both belong inside the task that needs it.
    os.environ["GX_ANALYTICS_ENABLED"] = "false"
    import great_expectations as gx  # noqa: PLC0415
    from great_expectations.data_context.types.base import ProgressBarsConfig  # noqa: PLC0415
    from great_expectations.expectations.core.expect_column_max_to_be_between import (  # noqa: PLC0415
        ExpectColumnMaxToBeBetween,
    )

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        context = gx.get_context(mode="ephemeral")
        context.variables.progress_bars = ProgressBarsConfig(globally=False)
        # Great Expectations knows the engine under its older name, which the same driver serves.
        url = database.engine.url
        url = url.set(drivername=url.drivername.replace("mariadb+", "mysql+"))
        source = context.data_sources.add_sql(
            _DATASOURCE,
            connection_string=url.render_as_string(hide_password=False),
            create_temp_table=True,
            # As a plan counts: the engine's default may lock the shop's rows while they are copied.
            kwargs={**database.dialect.engine_options(), "isolation_level": database.dialect.plan_isolation},  # type: ignore[call-arg]
        )
        checks: list[Check] = []
        for number, together in enumerate(_pages(measures)):
            counts = [
                _Count(measure, column, place) for place, measure in enumerate(together) for column in measure.expected
            ]
            asset = source.add_query_asset(f"measures_{number}", query=_text(_one_row(together), database.engine))
            batch = asset.add_batch_definition_whole_table("all").get_batch()
            suite = gx.ExpectationSuite(
                name=f"{phase}_{number}",
                expectations=[
                    ExpectColumnMaxToBeBetween(column=one.name, min_value=0, max_value=one.expected.most)
                    for one in counts
                ],
            )
            results = batch.validate(suite, result_format="BASIC")["results"]
            seen = {result["expectation_config"]["kwargs"]["column"]: result for result in results}
            checks.extend(_check(phase, one, seen[one.name]) for one in counts)
        source.get_engine().dispose()
    return checks


@dataclass(frozen=True, slots=True)
class _Count:
    """One count of a measure, under the name it has in the row that holds several measures."""

    measure: Measure
    column: str
    place: int

    @property
    def name(self) -> str:
        return f"m{self.place}_{self.column}"

    @property
    def expected(self) -> Expected:
        return self.measure.expected[self.column]


def _pages(measures: Sequence[Measure]) -> Iterator[list[Measure]]:
    """Yield measures in groups whose counts fit into one row."""
    page: list[Measure] = []
    for measure in measures:
        if page and sum(len(one.expected) for one in [*page, measure]) > _COUNTS_A_ROW:
            yield page
            page = []
        page.append(measure)
    if page:
        yield page


def _one_row(measures: Sequence[Measure]) -> Select[*tuple[Any, ...]]:
    """Return the rows of several measures side by side: each is one row, so that their product is one too."""
    rows = [measure.query.subquery(f"m{place}") for place, measure in enumerate(measures)]
    return select(
        *(
            row.c[column].label(_Count(measure, column, place).name)
            for place, (measure, row) in enumerate(zip(measures, rows, strict=True))
            for column in measure.expected
        )
    ).select_from(*rows)


def _check(phase: str, count: _Count, result: Any) -> Check:
    seen = result["result"].get("observed_value")
    if seen is None:
        raise DatabaseFault(f"{count.measure.table}: the quality check {count.column} could not be taken; run it again")
    return Check(phase, count.expected.rule, count.expected.check, bool(result["success"]), int(seen))


def _text(query: Select[*tuple[Any, ...]], engine: Engine) -> str:
    """Return the query as SQL text, which is all that a query asset takes.

    Its values are days, counts and the constants of the matrix, written by the dialect's own literal processors; a
    colon is escaped because the text goes through SQLAlchemy once more.
    """
    compiled = query.compile(engine, compile_kwargs={"literal_binds": True})
    text = str(compiled)
    if engine.dialect.identifier_preparer._double_percents:
        text = text.replace("%%", "%")
    return text.replace(":", "\\:").replace("\\:\\:", "::")
