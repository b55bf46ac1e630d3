"""The two workers of a rule, as tests tell them apart."""

SECOND = "second worker"
"""The name of the second one's thread."""
