"""The night in Apache Airflow: a thin shell over :mod:`retention.pipeline`, and the only place that imports Airflow.

``from retention.airflow.dag import retention_dag`` makes a DAG from a matrix. Modules that a DAG file imports stay
light: what a task needs is imported inside the task, since DAG files are parsed again and again.
"""
