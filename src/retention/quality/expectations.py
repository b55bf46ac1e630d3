"""Judging counts with Great Expectations: one context and one expectation for a database and phase.

The counts are taken where the data is, by :mod:`retention.quality.taking`: with the session's own settings and bound
parameters, without a temporary table in the shop's database, and without a second connection whose URL would have to
hold its password as text. What Great Expectations sees is a row per check with its count and limit, never a row of a
table.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Sequence

import pandas as pd

from retention.database.connect import Database
from retention.quality.measure import Check, Counted

_NUMBER = "number"


def judge(phase: str, database: Database, counted: Sequence[Counted]) -> list[Check]:
    """Return a check for every count of a database: not good where it is beyond its limit."""
    wrong = _beyond(counted) if any(one.expected.most is not None for one in counted) else set()
    return [
        Check(
            phase,
            one.expected.rule,
            one.expected.check,
            number not in wrong,
            one.count,
            one.expected.note,
            database.name,
            database.shard,
        )
        for number, one in enumerate(counted)
    ]


def _beyond(counted: Sequence[Counted]) -> set[int]:
    """Return the numbers of the counts that are beyond their limits; one without a limit never is."""
    # Its import takes seconds and it would report usage: both belong inside the task that needs it.
    os.environ["GX_ANALYTICS_ENABLED"] = "false"
    import great_expectations as gx  # noqa: PLC0415
    from great_expectations.data_context.types.base import ProgressBarsConfig  # noqa: PLC0415
    from great_expectations.expectations.core.expect_column_pair_values_a_to_be_greater_than_b import (  # noqa: PLC0415
        ExpectColumnPairValuesAToBeGreaterThanB,
    )

    frame = pd.DataFrame(
        {
            _NUMBER: range(len(counted)),
            "count": pd.array([one.count for one in counted], dtype="Int64"),
            "most": pd.array([one.expected.most for one in counted], dtype="Int64"),
        }
    )
    within = ExpectColumnPairValuesAToBeGreaterThanB(
        column_A="most", column_B="count", or_equal=True, ignore_row_if="either_value_is_missing"
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        context = gx.get_context(mode="ephemeral")
        context.variables.progress_bars = ProgressBarsConfig(globally=False)
        asset = context.data_sources.add_pandas("retention").add_dataframe_asset("counts")
        batch = asset.add_batch_definition_whole_dataframe("all").get_batch({"dataframe": frame})
        result = batch.validate(
            within, result_format={"result_format": "COMPLETE", "unexpected_index_column_names": [_NUMBER]}
        )
    return {int(found[_NUMBER]) for found in result.result["unexpected_index_list"] or ()}
