"""The tasks of a night, one operator a file: each calls one step of :mod:`retention.pipeline` in its own process."""

from __future__ import annotations

from retention.airflow.operators.approve import ApproveOperator
from retention.airflow.operators.authorise import AuthoriseOperator, ShareOperator
from retention.airflow.operators.outcome import OutcomeOperator
from retention.airflow.operators.plan import PlanOperator
from retention.airflow.operators.purge import PurgeOperator
from retention.airflow.operators.quality import QualityOperator
from retention.airflow.operators.report import ReportOperator
from retention.airflow.operators.verify import VerifyOperator

__all__ = [
    "ApproveOperator",
    "AuthoriseOperator",
    "OutcomeOperator",
    "PlanOperator",
    "PurgeOperator",
    "QualityOperator",
    "ReportOperator",
    "ShareOperator",
    "VerifyOperator",
]
