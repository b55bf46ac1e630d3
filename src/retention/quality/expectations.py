"""Judging measures with Great Expectations, as SQL in the database: one context per database and phase.

Each measure is a query asset of one row of counts, taken once into a temporary table of the session: several
expectations look at it, and each would weigh the whole table again. The result of an expectation is a count, never a
value of a row; the database's URL stays in memory (an ephemeral context).
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Engine

from retention.database.connect import Database
from retention.errors import DatabaseFault
from retention.quality.measure import Check, Measure

_DATASOURCE = "retention"


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
        for number, measure in enumerate(measures):
            asset = source.add_query_asset(f"measure_{number}", query=_text(measure, database.engine))
            batch = asset.add_batch_definition_whole_table("all").get_batch()
            suite = gx.ExpectationSuite(
                name=f"{phase}_{number}",
                expectations=[
                    ExpectColumnMaxToBeBetween(column=column, min_value=0, max_value=expected.most)
                    for column, expected in measure.expected.items()
                ],
            )
            result = batch.validate(suite, result_format="BASIC")
            checks.extend(_checks(phase, measure, result["results"]))
        source.get_engine().dispose()
    return checks


def _checks(phase: str, measure: Measure, results: Sequence[Any]) -> list[Check]:
    found: list[Check] = []
    for result in results:
        column = result["expectation_config"]["kwargs"]["column"]
        seen = result["result"].get("observed_value")
        if seen is None:
            raise DatabaseFault(f"{measure.table}: the quality check {column} could not be taken; run it again")
        expected = measure.expected[column]
        found.append(Check(phase, expected.rule, expected.check, bool(result["success"]), int(seen)))
    return found


def _text(measure: Measure, engine: Engine) -> str:
    """Return the measure as SQL text, which is all that a query asset takes.

    Its values are days, counts and the constants of the matrix, written by the dialect's own literal processors; a
    colon is escaped because the text goes through SQLAlchemy once more.
    """
    compiled = measure.query.compile(engine, compile_kwargs={"literal_binds": True})
    text = str(compiled)
    if engine.dialect.identifier_preparer._double_percents:
        text = text.replace("%%", "%")
    return text.replace(":", "\\:").replace("\\:\\:", "::")
