"""Telling others and hearing from them: results read back, exports, indicators, sweeps, advisories."""
