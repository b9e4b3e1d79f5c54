"""Campaigns: what belongs together over time, and what its course says."""
