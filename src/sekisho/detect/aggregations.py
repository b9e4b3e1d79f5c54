"""Sigma 1.0 aggregations (``selection | count() by User > 5``) become what they are called today: correlations.

Source: Sigma specification 1.0, "Aggregation expression"; the correlation rules specification 2.0.2 replaces it.
"""

from __future__ import annotations

import re
from typing import Any

from sekisho.detect._written import Table
from sekisho.model.errors import RuleError
from sekisho.model.ids import stable_id

AGGREGATION = re.compile(
    r"(?P<condition>[^|]*)\|\s*(?P<function>count|sum|avg|min|max)\s*\(\s*(?P<field>[^()\s]*)\s*\)"
    r"(?:\s*by\s+(?P<by>[^<>=]*?))?\s*(?P<operator><=|>=|==|=|<|>)\s*(?P<number>[0-9]{1,15})\s*",
    re.IGNORECASE,
)
OPERATORS = {"<": "lt", "<=": "lte", ">": "gt", ">=": "gte", "=": "eq", "==": "eq"}
OURS = ("sekisho",)


def split(path: str, document: Any) -> list[Any]:
    """Give a document as it is, or as a rule for single events and a correlation that counts them.

    Raises:
        RuleError: an aggregation that no correlation can say, with how to write it instead.
    """
    detection = document.get("detection") if isinstance(document, Table) else None
    condition = detection.get("condition") if isinstance(detection, Table) else None
    if not isinstance(detection, Table) or not isinstance(condition, str) or "|" not in condition:
        return [document]
    line = detection.line_of("condition")
    found = AGGREGATION.fullmatch(condition)
    if not found:
        reason = f"aggregation {condition.partition('|')[2].strip()[:60]!r} cannot be read: write a correlation rule"
        raise RuleError(f"{reason} (correlation: type, rules, group-by, timespan, condition)", path, line)
    timespan = detection.get("timeframe", document.get("timeframe"))
    if timespan is None:
        raise RuleError("aggregation without a timeframe: write a correlation rule with a timespan", path, line)
    name = stable_id("r", document.get("id", document.get("title")), document.line, "counted")
    return [_rule(document, found["condition"], name), _correlation(document, found, timespan, name)]


def _rule(document: Table, condition: str, name: str) -> Table:
    rule = _copy(document, {key: value for key, value in document.items() if key not in OURS})
    detection = document["detection"]
    rule["detection"] = _copy(detection, {**detection, "condition": condition.strip()})
    rule["id"] = rule["name"] = name
    return rule


def _correlation(document: Table, found: re.Match[str], timespan: Any, name: str) -> Table:
    function, field = found["function"].lower(), found["field"]
    kind = "event_count" if function == "count" and not field else f"value_{function}"
    condition = Table(document["detection"].line_of("condition"))
    condition[OPERATORS[found["operator"]]] = int(found["number"])
    if field:
        condition["field"] = field
    table = Table(condition.line)
    by = [one for one in re.split(r"[\s,]+", found["by"] or "") if one]
    table.update({"type": kind, "rules": [name], "group-by": by, "timespan": timespan, "condition": condition})
    said = {key: value for key, value in document.items() if key not in ("detection", "logsource", "timeframe")}
    return _copy(document, {**said, "correlation": table})


def _copy(table: Table, values: dict[str, Any]) -> Table:
    made = Table(table.line)
    made.update(values)
    made.lines.update(table.lines)
    return made
