"""The console: pages and an API over the desk (``sekisho.app.console``), for people in a browser and for programs.

A page is one file in ``pages/``, a group of API calls one file in ``api/``: each has a ``router``, and every route of
it says which role it needs (``access.Viewer`` and the others).
"""
