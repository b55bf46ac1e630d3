"""Operational databases: connections, one class per engine, reflection, relations, the pipeline's own tables."""
