"""The story in the terminal: one block per incident, readable in a minute."""

from __future__ import annotations

from itertools import count

from rich.console import Console
from rich.table import Table
from rich.text import Text as Styled

from sekisho.model.artifact import Analysis
from sekisho.model.detection import Detections
from sekisho.model.incident import Incident, Step
from sekisho.model.result import Result, Tuned
from sekisho.model.verdict import Judgement, Reason, Verdict
from sekisho.respond._merged import merges
from sekisho.respond._tuned import tuning_facts
from sekisho.respond.wording import Words, safe

STYLES = {"malicious": "bold red", "suspicious": "bold yellow", "unscanned": "bold magenta", "clean": "bold green"}
LAYERS = {"mail": "cyan", "file": "magenta", "endpoint": "yellow", "network": "blue", "server": "blue"}
MERGES_SHOWN, MARKS_SHOWN = 6, 4
ACTIONS_SHOWN, SKIPS_SHOWN, INCIDENTS_SHOWN, RULES_SHOWN = 12, 8, 20, 5
ENTRIES_SHOWN = 8
ARTIFACTS_SHOWN, REASONS_SHOWN, URLS_SHOWN, OTHERS_SHOWN = 100, 6, 12, 15


def story(result: Result, words: Words, console: Console) -> None:
    """Print every incident, then what was read and what was not."""
    for incident in result.incidents[:INCIDENTS_SHOWN]:
        _incident(incident, words, console)
    if len(result.incidents) > INCIDENTS_SHOWN:
        console.print(words.get("label.more", count=len(result.incidents) - INCIDENTS_SHOWN), style="dim")
    _others(result, words, console)
    if not result.incidents:
        _headline(result, words, console)
        files(result, words, console, only_notable=True)
    _footer(result, words, console)


def scan(result: Result, words: Words, console: Console) -> None:
    """Print what ``sekisho scan`` found, and what it did not read."""
    files(result, words, console)
    _footer(result, words, console)


def files(result: Result, words: Words, console: Console, *, only_notable: bool = False) -> None:
    """Print the verdict of each file with its reasons in order of weight, and the tree inside it."""
    pairs = [
        (analysis, judgement)
        for analysis, judgement in result.artifacts
        if judgement.verdict is not Verdict.CLEAN or (analysis.artifact.parent is None and not only_notable)
    ]
    for analysis, judgement in pairs[:ARTIFACTS_SHOWN]:
        _file(analysis, judgement, words, console)
    if len(pairs) > ARTIFACTS_SHOWN:
        console.print(Styled(words.get("label.more", count=len(pairs) - ARTIFACTS_SHOWN), "dim"))


def _file(analysis: Analysis, judgement: Judgement, words: Words, console: Console) -> None:
    notable, top = judgement.verdict is not Verdict.CLEAN, analysis.artifact.parent is None
    indent = "  " * min(analysis.artifact.depth, 8)
    line = Styled(f"{indent}{'' if top else '» '}")
    line.append(words.word("verdict", judgement.verdict), STYLES[judgement.verdict])
    line.append(f"  {safe(analysis.address if top else analysis.artifact.name)}", "bold" if top else "")
    line.append(f"  {analysis.media_type} · {words.get('step.file.size', count=analysis.size_bytes)}", "dim")
    if notable and judgement.verdict is not Verdict.UNSCANNED:
        line.append(f" · {words.get('label.probability')} {judgement.probability:.2f}", "dim")
    grade = str(analysis.first("macro.grade", "none"))
    if grade != "none":
        line.append(f" · {words.word('grade', grade)}", "dim")
    console.print(line, soft_wrap=True)
    _reasons(analysis.unscanned, judgement.reasons, indent, words, console)
    if notable:
        _urls(analysis, indent, console)


def _urls(analysis: Analysis, indent: str, console: Console) -> None:
    for url in analysis.urls[:URLS_SHOWN]:
        line = Styled(f"{indent}    {safe(url.canonical or url.raw)}", "blue")
        if url.hidden_by:
            raw = f": {safe(url.raw)}" if url.raw != url.canonical else ""
            line.append(f"  {url.hidden_by}{raw}", "red")
        console.print(line, soft_wrap=True)


def _reasons(unscanned: str, reasons: tuple[Reason, ...], indent: str, words: Words, console: Console) -> None:
    if unscanned:
        console.print(Styled(f"{indent}    {safe(unscanned)}", "magenta"), soft_wrap=True)
    for reason in reasons[:REASONS_SHOWN]:
        if reason.signal.startswith("child:"):
            verdict = words.word("verdict", reason.signal.partition(":")[2])
            text = words.get("child", name=reason.text, verdict=verdict)
        else:
            text = safe(dict(reason.texts).get(words.language, reason.text))
        shown = [f"{pair[0]}: {safe(pair[1])}" for pair in reason.evidence if isinstance(pair, tuple)]
        console.print(Styled(f"{indent}    +{reason.weight:.1f}  {text}"), soft_wrap=True)
        if shown:
            console.print(Styled(f"{indent}          {shown[0][:160]}", "dim"), soft_wrap=True)


def _others(result: Result, words: Words, console: Console) -> None:
    """Print what rules found beside the incidents, one line a rule."""
    rows = [row for row in result.other_findings() if row[0].layer not in ("mail", "file")]
    if not rows:
        return
    console.print(Styled(words.get("label.other_findings"), "bold"))
    for finding, times, hosts in rows[:OTHERS_SHOWN]:
        line = Styled(f"  {words.word('severity', finding.level):<14}")
        line.append(safe(finding.title_in(words.language)))
        line.append(f"{words.get('step.times', count=times) if times > 1 else ''}  {words.listed(hosts, 3)}", "dim")
        console.print(line, soft_wrap=True)
    if len(rows) > OTHERS_SHOWN:
        console.print(Styled(f"  {words.get('label.more', count=len(rows) - OTHERS_SHOWN)}", "dim"))
    console.print()


def _headline(result: Result, words: Words, console: Console) -> None:
    records = sum(one.records for one in result.inputs)
    line = Styled(words.word("verdict", result.verdict), STYLES[result.verdict])
    line.append(f"  {words.get('label.no_incident', inputs=len(result.inputs), records=records)}")
    console.print(line)


def _incident(incident: Incident, words: Words, console: Console) -> None:
    numbers = _References()
    head = Styled(words.word("verdict", incident.verdict), STYLES[incident.verdict])
    head.append(f"  {words.say(incident.title)}", "bold")
    console.print()
    console.print(head, soft_wrap=True)
    facts = [
        f"{words.get('label.probability')} {incident.probability:.2f}",
        f"{words.get('label.severity')} {words.word('severity', incident.severity)}",
        f"{words.get('label.score')} {incident.score:.2f}",
        words.time(incident.first_at_ns, date=True)[:10],
        incident.id,
    ]
    console.print(Styled("  ".join(fact for fact in facts if fact), "dim"))
    console.print()
    table = Table.grid(padding=(0, 1), expand=False)
    table.add_column(no_wrap=True, style="dim")
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold", ratio=1)
    table.add_column(no_wrap=True, style="dim", justify="right")
    for step in incident.steps:
        _step(step, words, table, numbers)
    console.print(table)
    console.print()
    _tail(incident, words, console)


def _step(step: Step, words: Words, table: Table, numbers: _References) -> None:
    indent = "  " * max(0, step.depth - 1) + ("» " if step.depth else "")
    said, *rest = words.say(step.what).split("\n")
    body = Styled(f"{indent}{said}")
    for line in rest:
        body.append(f"\n{'  ' * step.depth}  {line}", "italic")
    for reason in words.reasons(step.what)[:REASONS_SHOWN]:
        body.append(f"\n{'  ' * step.depth}  · {reason}", "red" if step.layer != "mail" else "yellow")
    if step.attack:
        body.append(f"\n{'  ' * step.depth}  {' '.join(step.attack)}", "dim")
    layer = Styled(words.word("layer", step.layer), LAYERS.get(step.layer, ""))
    table.add_row(words.time(step.at_ns), layer, body, numbers.of(step.evidence))


def _tail(incident: Incident, words: Words, console: Console) -> None:
    boxes = [one for one in incident.entities if one.type == "mailbox" and one.role in ("recipient", "opener")]
    openers = [one for one in boxes if one.role == "opener"]
    hosts = [one for one in incident.entities if one.type == "host"]
    table = Table.grid(padding=(0, 2))
    table.add_column(no_wrap=True, style="bold")
    table.add_column(overflow="fold", ratio=1)
    table.add_row(words.get("label.root"), words.say(incident.root_text))
    if boxes:
        opened = words.get("who.opened", opened=len(openers)) if openers else words.get("who.not_opened")
        reached = words.get("who.reached", received=len(boxes))
        table.add_row(words.get("label.who_else"), f"{reached}, {opened}: {words.listed([one.value for one in boxes])}")
    elif hosts:
        table.add_row(words.get("label.who_else"), words.listed([one.value for one in hosts]))
    contacted = [one.value for one in incident.reached if one.state == "contacted"]
    if contacted:
        table.add_row("", f"{words.get('who.contacted', count=len(contacted))}: {words.listed(contacted)}")
    told = merges(incident, words)
    for index, merge in enumerate(told[:MERGES_SHOWN]):
        line = Styled(merge.text)
        line.append(f"  {merge.weight:.2f} {merge.ids}", "dim")
        table.add_row("" if index else words.get("label.merges"), line)
    if len(told) > MERGES_SHOWN:
        table.add_row("", Styled(words.get("label.more", count=len(told) - MERGES_SHOWN), "dim"))
    for index, other in enumerate(incident.related[:MERGES_SHOWN]):
        title = "" if index else words.get("label.related")
        table.add_row(title, Styled(f"{other.incident}: {words.say(other.why)}"))
    for index, clock in enumerate(incident.clocks):
        table.add_row("" if index else words.get("label.clocks"), words.clock(clock))
    for index, text in enumerate(incident.unknown):
        table.add_row("" if index else words.get("label.unknown"), words.say(text))
    for index, one in enumerate(incident.recommendations[:ACTIONS_SHOWN]):
        action = f"{words.word('action', one.action)} {words.listed(list(one.targets))}"
        line = Styled(action)
        line.append(f"  ({words.say(one.why)})", "dim")
        table.add_row("" if index else words.get("label.do_now"), line)
    console.print(table)
    console.print()


def left_out(result: Result | Detections, words: Words, console: Console) -> None:
    """Print which files and rules were not used, or not wholly, and why."""
    skipped = [one for one in result.inputs if one.skipped]
    if skipped:
        console.print(Styled(words.get("label.skipped"), "bold"))
        for one in sorted(skipped, key=lambda one: not one.failed)[:SKIPS_SHOWN]:
            console.print(
                Styled(f"  {safe(one.path)}: {safe(one.skipped)}", "" if one.failed else "dim"), soft_wrap=True
            )
        if len(skipped) > SKIPS_SHOWN:
            console.print(Styled(f"  {words.get('label.more', count=len(skipped) - SKIPS_SHOWN)}", "dim"))
    if result.rules_failed:
        key = "detect.not_run" if isinstance(result, Detections) else "label.not_run"
        console.print(Styled(words.get(key, count=len(result.rules_failed)), "dim"))
        for failure in result.rules_failed[:RULES_SHOWN]:
            place = f"{failure.path}:{failure.line}" if failure.line else failure.path
            console.print(Styled(f"  {safe(place)}: {safe(failure.reason)}", "dim"), soft_wrap=True)


def tuning(result: Result | Detections, words: Words, console: Console) -> None:
    """Print what tuning did in one line, then entry by entry, those that need a look first."""
    if not result.tuning:
        return
    console.print(Styled(" · ".join(tuning_facts(result.tuning, result.rules_disabled, words)), "bold"), soft_wrap=True)
    rows = sorted((one for one in result.tuning if one.state != "unused"), key=lambda one: not one.needs_look)
    for one in rows[:ENTRIES_SHOWN]:
        console.print(_entry(one, words), soft_wrap=True)
    if len(rows) > ENTRIES_SHOWN:
        console.print(Styled(f"  {words.get('label.more', count=len(rows) - ENTRIES_SHOWN)}", "dim"))


def _entry(one: Tuned, words: Words) -> Styled:
    place, times = f"{one.path}:{one.line}" if one.line else one.path, one.suppressed or one.changed
    parts = [
        words.word("tuning.state", one.state) + (words.get("step.times", count=times) if times else ""),
        one.until if one.state == "expired" else "",
        ", ".join(map(safe, one.unknown)),
        safe(one.error or one.reason),
    ]
    return Styled(f"  {safe(place)}: {' · '.join(filter(None, parts))}", "" if one.needs_look else "dim")


def _footer(result: Result, words: Words, console: Console) -> None:
    left_out(result, words, console)
    for note in result.notes:
        console.print(Styled(safe(note), "yellow"), soft_wrap=True)
    tuning(result, words, console)
    values = {
        "inputs": len(result.inputs),
        "records": sum(one.records for one in result.inputs),
        "artifacts": len(result.artifacts),
        "findings": len(result.findings),
        "rules": result.rules_loaded,
    }
    console.print(Styled(words.get("label.files_summary", **values), "dim"))


class _References:
    """Short evidence marks within one incident: m and a number for mails and files, e for events, f for findings."""

    def __init__(self) -> None:
        self._marks: dict[str, str] = {}
        self._next = {"a": count(1), "e": count(1)}

    def of(self, evidence: tuple[str, ...]) -> str:
        """Give the marks of a step's artifacts and events (its findings stand on the same records)."""
        marks = []
        for key in evidence:
            if key[:1] in self._next:
                if key not in self._marks:
                    self._marks[key] = f"{key[0]}{next(self._next[key[0]])}"
                marks.append(self._marks[key])
        if len(marks) > MARKS_SHOWN:
            marks = [*marks[: MARKS_SHOWN - 1], f"+{len(marks) - MARKS_SHOWN + 1}"]
        return f"[{' '.join(marks)}]" if marks else ""
