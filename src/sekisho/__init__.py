"""Sekisho: one explained incident from mail, file, endpoint and network evidence."""

__version__ = "0.1.0"
