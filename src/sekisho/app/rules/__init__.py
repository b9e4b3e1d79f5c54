"""The workbench for rules: check, test, list, explain, coverage and new."""
