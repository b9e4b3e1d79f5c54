"""The store: everything that was ingested, in one directory that needs nothing installed.

Events lie as Parquet files by logsource and day, which any tool can read; an SQLite file says which of them count and
what they were made of. ``docs/guide/store.md`` has the layout.
"""
