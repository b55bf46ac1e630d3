"""Retention and anonymization of operational databases, keyed by legal basis."""

__version__ = "0.1.0"
