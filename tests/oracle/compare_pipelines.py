"""Compare what pySigma and Sekisho make of rules with the same pipelines: fields, values and how they are joined.

Not a test of the suite: pySigma is under the LGPL, so it lives in an environment of its own.

Run: python3 -m venv /tmp/oracle && /tmp/oracle/bin/pip install pysigma
     .venv/bin/python tests/oracle/compare_pipelines.py /tmp/oracle/bin/python RULES [RULES ...]
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from sekisho.detect import pipelines
from sekisho.detect._draft import Group, Item, Part, draft_of
from sekisho.detect._gates import shown
from sekisho.detect._modifiers import ENCODERS
from sekisho.detect._yaml import documents
from sekisho.model.errors import RuleError

ROOT = Path(__file__).parents[2]
# As users have them: names as Elastic has them, a prefix for a raw log, Sysmon's channel, changes of values.
ECS = """
name: ecs
priority: 20
transformations:
- id: fields
  type: field_name_mapping
  mapping:
    Image: process.executable
    CommandLine: [process.command_line, process.args]
    ParentImage: process.parent.executable
    User: [user.name, user.full_name]
    TargetFilename: file.path
  rule_conditions:
  - {type: logsource, product: windows}
- id: rest
  type: field_name_prefix
  prefix: winlog.event_data.
  field_name_conditions:
  - {type: exclude_fields, fields: ["(process|user|file)\\\\..*"], mode: re}
"""
SYSMON = """
name: sysmon
priority: 10
transformations:
- id: created
  type: add_condition
  conditions: {EventID: 1}
  rule_conditions: [{type: logsource, product: windows, category: process_creation}]
- id: written
  type: add_condition
  conditions: {EventID: [11, 2]}
  rule_conditions: [{type: logsource, product: windows, category: file_event}]
- id: service
  type: change_logsource
  product: windows
  service: sysmon
  rule_conditions:
  - {type: processing_item_applied, processing_item_id: created}
  - {type: processing_item_applied, processing_item_id: written}
  rule_cond_op: or
"""
PREFIX = """
name: prefix
priority: 10
transformations:
- {id: state, type: set_state, key: high, val: 1, rule_conditions: [{type: rule_attribute, attribute: level, value: high, op: gte}]}
- type: field_name_prefix
  prefix: event.
  rule_conditions: [{type: processing_state, key: high, val: 1}]
- type: field_name_suffix
  suffix: .raw
  rule_conditions:
    high: {type: processing_state, key: high, val: 1}
    command: {type: contains_field, field: CommandLine}
  rule_cond_expr: command and not high
"""
VALUES = """
name: values
priority: 10
transformations:
- type: replace_string
  regex: "^\\\\*\\\\\\\\"
  replacement: "*/"
  field_name_conditions: [{type: include_fields, fields: [Image, ParentImage]}]
- type: case
  method: lower
  detection_item_conditions: [{type: match_string, cond: any, pattern: "[*]"}]
- type: drop_detection_item
  field_name_conditions: [{type: include_fields, fields: [OriginalFileName]}]
  rule_conditions: [{type: contains_field, field: Image}]
"""
PIPELINES = {"ecs": ECS, "sysmon": SYSMON, "prefix": PREFIX, "values": VALUES}
THEIRS = r"""
import json, sys
from sigma.processing.pipeline import ProcessingPipeline
from sigma.rule import SigmaRule, SigmaDetectionItem
from sigma.types import SigmaString, SigmaNumber, SigmaNull, SigmaBool
def value(one):
    if type(one) is SigmaString: return one.to_plain() if hasattr(one, "to_plain") else str(one)
    if type(one) is SigmaNumber: return one.number
    if type(one) is SigmaNull: return None
    if type(one) is SigmaBool: return one.boolean
    raise TypeError(type(one).__name__)
def part(one):
    if isinstance(one, SigmaDetectionItem):
        return {"field": one.field or "", "every": one.value_linking.__name__ == "ConditionAND", "values": [value(v) for v in one.value]}
    return {"all" if one.item_linking.__name__ == "ConditionAND" else "any": [part(p) for p in one.detection_items]}
for line in sys.stdin:
    pipeline, text = json.loads(line)
    try:
        rule = SigmaRule.from_yaml(text)
        ProcessingPipeline.from_yaml(pipeline).apply(rule)
        made = {"selections": {n: part(d) for n, d in rule.detection.detections.items()}, "logsource": {n: w for n in ("category", "product", "service") if (w := getattr(rule.logsource, n))}}
    except Exception as error:
        made = {"error": f"{type(error).__name__}: {error}"[:120]}
    print(json.dumps(made), flush=True)
"""


def main() -> int:
    """Print for each pipeline how many rules become the same, and the first that do not."""
    python, *folders = sys.argv[1:]
    texts = [
        (str(path), path.read_text(encoding="utf-8"))
        for folder in folders
        for path in sorted(Path(folder).rglob("*.yml"))
        if "regression_data" not in path.parts
    ]
    differing = 0
    for name, text in PIPELINES.items():
        asked = "".join(json.dumps([text, rule]) + "\n" for _, rule in texts)
        done = subprocess.run([python, "-c", THEIRS], input=asked, capture_output=True, text=True, check=True)
        fitting = pipelines.load([(name, text)])
        counts = {"same": 0, "differ": 0, "not compared": 0}
        for (path, rule), line in zip(texts, done.stdout.splitlines(), strict=True):
            theirs, ours = json.loads(line), made_by_us(fitting, path, rule)
            if "error" in theirs or ours is None:
                counts["not compared"] += 1
            elif normal(theirs) == normal(ours):
                counts["same"] += 1
            else:
                counts["differ"] += 1
                if counts["differ"] <= 3:
                    print(path, normal(theirs), normal(ours), sep="\n  ")
        differing += counts["differ"]
        print(name, counts)
    return 1 if differing else 0


def made_by_us(fitting: tuple[pipelines.Pipeline, ...], path: str, text: str) -> dict[str, Any] | None:
    """Give a rule as ours is made; None where values are not plain texts, which pySigma writes in its own way."""
    try:
        (document,) = documents(path, text)
        draft = draft_of(pipelines.apply(fitting, path, document), {})
    except (RuleError, ValueError):
        return None
    if draft is None or any(not item.is_text or ENCODERS & set(item.modifiers) for item in draft.items()):
        return None
    if any({"windash", "expand", "cased", "neq"} & set(item.modifiers) for item in draft.items()):
        return None
    if any(value in (None, "") for item in draft.items() for value in item.values):
        return None  # absence in one of several fields: pySigma joins it by "or", which is always true
    selections = {name: {"all": []} if one is None else told(one) for name, one in draft.selections.items()}
    return {"selections": selections, "logsource": draft.logsources[0]}


def told(part: Part) -> dict[str, Any]:
    """Give a part in the words of the other side."""
    if isinstance(part, Group):
        return {"all" if part.every else "any": [told(one) for one in part.parts]}
    return {
        "field": part.field,
        "every": "all" in part.modifiers,
        "values": [value_of(part, one) for one in part.values],
    }


def value_of(item: Item, value: Any) -> Any:
    """Give a value as a plain text."""
    return shown(item.pieces(value)) if isinstance(value, str) else value


def normal(made: dict[str, Any]) -> str:
    """Give a form in which the order of parts, groups of one and generated names play no part."""
    selections = sorted(json.dumps(flat(one), sort_keys=True) for one in made["selections"].values())
    return json.dumps([selections, made["logsource"]], sort_keys=True)


def flat(part: dict[str, Any]) -> Any:
    """Join nested groups of one kind."""
    if "field" in part:
        values = sorted(json.dumps(one) for one in part["values"])
        return {"field": part["field"], "every": part["every"] and len(values) > 1, "values": values}
    ((kind, parts),) = part.items()
    found: list[Any] = []
    for one in map(flat, parts):
        found += one.get(kind, [one])
    found = [one for one in found if one not in ({"all": []}, {"any": []})]  # what was dropped
    return found[0] if len(found) == 1 else {kind: sorted(found, key=json.dumps)}


if __name__ == "__main__":
    sys.exit(main())
