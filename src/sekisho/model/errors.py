"""Everything that can go wrong, each error carrying the place it happened at."""

from __future__ import annotations


class SekishoError(Exception):
    """Any failure that Sekisho foresees; its text is fit to be shown to a user."""


class SourceError(SekishoError):
    """Evidence could not be read."""

    def __init__(self, reason: str, place: str = "", *, retry: bool = False) -> None:
        """``place`` is the path as given, with a record or byte offset when known."""
        super().__init__(f"{place}: {reason}" if place else reason)
        self.reason, self.place, self.retry = reason, place, retry


class MalformedError(SekishoError):
    """Bytes do not follow their format; what was read before ``at`` stands."""

    def __init__(self, what: str, at: int | None = None) -> None:
        """``at`` is the byte offset of the break, when known."""
        super().__init__(what if at is None else f"{what} (at byte {at})")
        self.what, self.at = what, at


class LimitError(SekishoError):
    """A limit of ``model.limits.Limits`` was reached."""

    def __init__(self, limit: str, value: float) -> None:
        """``limit`` is the field name in ``Limits``, ``value`` its setting."""
        super().__init__(f"limit reached: {limit} = {value:g}")
        self.limit, self.value = limit, value

    def __reduce__(self) -> tuple[type[LimitError], tuple[str, float]]:
        """Survive the pipe between a worker and the run."""
        return LimitError, (self.limit, self.value)


class RuleError(SekishoError):
    """A rule cannot be used."""

    def __init__(self, reason: str, path: str = "", line: int = 0) -> None:
        """``line`` counts from 1; 0 when the whole document is meant."""
        place = f"{path}:{line}: " if path and line else f"{path}: " if path else ""
        super().__init__(f"{place}{reason}")
        self.reason, self.path, self.line = reason, path, line


class ResponseError(SekishoError):
    """An action or export failed."""

    def __init__(self, reason: str, target: str) -> None:
        """``target`` names the file or system written to."""
        super().__init__(f"{target}: {reason}")
        self.reason, self.target = reason, target
