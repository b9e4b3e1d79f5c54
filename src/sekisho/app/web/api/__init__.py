"""The API: what the pages do, for programs; one file a group of calls, each with a ``router``."""
