"""Findings and events become incidents: a graph of entities and timed edges."""
