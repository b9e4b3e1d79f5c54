"""What the console measures of itself, for Prometheus: its requests, and counts of rows made when it asks."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

from prometheus_client import CollectorRegistry, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from sekisho.app.console.database import Database

BUCKETS_S = (0.01, 0.025, 0.05, 0.1, 0.2, 0.3, 0.5, 1.0, 2.0, 5.0)


class Meters:
    """The measures of one console."""

    def __init__(self, database: Database, folder: Path) -> None:
        self._registry = CollectorRegistry()
        self._registry.register(_Counts(database, folder))
        self._requests = Histogram(
            "sekisho_request_seconds",
            "Time to answer a request.",
            ("method", "route", "status"),
            buckets=BUCKETS_S,
            registry=self._registry,
        )

    def answered(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count an answer; ``route`` is the pattern, never what was asked: there would be no end of those."""
        self._requests.labels(method, route, str(status)).observe(seconds)

    def text(self) -> bytes:
        """Give all measures in Prometheus's text format."""
        return generate_latest(self._registry)


class _Counts(Collector):
    """Counts rows when Prometheus asks."""

    QUERIES = (
        (
            "incidents",
            "Incidents.",
            ("severity", "state"),
            "SELECT severity, state, count(*) FROM incidents "
            "JOIN triage ON incident = id WHERE merged_into = '' GROUP BY 1, 2",
        ),
        (
            "messages",
            "Messages.",
            ("verdict",),
            "SELECT verdict, count(*) FROM messages WHERE kind = 'mail' GROUP BY 1",
        ),
        (
            "jobs",
            "Investigations; those that are over are forgotten after a while.",
            ("state",),
            "SELECT state, count(*) FROM jobs GROUP BY 1",
        ),
        ("evidence_bytes", "Evidence of all cases.", (), "SELECT coalesce(sum(bytes), 0) FROM files"),
    )

    def __init__(self, database: Database, folder: Path) -> None:
        self._database, self._folder = database, folder

    def collect(self) -> Iterator[GaugeMetricFamily]:
        for name, text, labels, query in self.QUERIES:
            family = GaugeMetricFamily(f"sekisho_{name}", text, labels=labels)
            for row in self._database.all(query):
                family.add_metric([str(value) for value in tuple(row)[:-1]], float(row[-1]))
            yield family
        free = GaugeMetricFamily("sekisho_disk_free_bytes", "Room on the console's disk.")
        free.add_metric([], float(shutil.disk_usage(self._folder).free))
        yield free
