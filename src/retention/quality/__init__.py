"""Data quality before and after a run, and verification by another way than the executor's."""
