"""The console's desk without its pages: cases, jobs, triage, accounts and the audit log, on one SQLite file.

``sekisho.app.web`` shows it and lets people act on it; everything here can be used and tested without a server.
"""
