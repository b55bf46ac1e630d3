"""Carrying a plan out: units, batches, and what is done to a row."""
