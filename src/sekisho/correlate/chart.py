"""A case is drawn: nodes and explained edges from the sender to the last address contacted."""

from __future__ import annotations

from ntpath import basename

from sekisho.correlate.deeds import Deed
from sekisho.correlate.processes import Process, destination_of
from sekisho.correlate.story import Telling, hostile_files, mailbox_of, ran
from sekisho.model.artifact import Analysis
from sekisho.model.event import Event
from sekisho.model.ids import stable_id
from sekisho.model.incident import Edge, Node, Text

NODES = 80  # a picture with more is not read
EDGE_EVIDENCE = 20  # records named for one line of it
# What a deed's line is called (catalogue: ``edge.*``).
RELATIONS = {
    "server.request": "requested",
    "server.command": "commanded",
    "server.login": "logged_in",
    "server.order": "ordered",
    "server.read": "read",
    "mail.sent": "mailed",
    "network.requested": "requested",
    "network.sent": "sent",
    "network.asked": "resolved",
    "network.flow": "connected",
}


class Chart:
    """Collects nodes and edges, each once, in the order of the story."""

    def __init__(self) -> None:
        """Start empty."""
        self.nodes: dict[str, Node] = {}
        self.edges: dict[tuple[str, str, str], Edge] = {}

    def node(self, kind: str, value: str, label: str, layer: str, verdict: str = "") -> str:
        """Give the id of a node, made when it is new and the picture has room; empty otherwise."""
        key = stable_id("n", kind, value)
        if key not in self.nodes:
            if len(self.nodes) >= NODES:
                return ""
            self.nodes[key] = Node(key, kind, label, layer, verdict)
        return key

    def edge(
        self,
        source: str,
        target: str,
        relation: str,
        at_ns: int | None,
        why: Text,
        evidence: tuple[str, ...],
        weight: float = 1.0,
    ) -> None:
        """Connect two nodes, unless the picture has no room for one of them."""
        if source and target and source != target:
            self.edges.setdefault(
                (source, target, relation), Edge(source, target, relation, at_ns, why, evidence, weight)
            )


def draw(telling: Telling) -> tuple[tuple[Node, ...], tuple[Edge, ...]]:
    """Draw one case: mails, the hostile path through the main one, hosts, processes, files and addresses."""
    chart = Chart()
    if telling.message is not None:
        _mail(chart, telling.message, telling)
    _files(chart, telling)
    for process in telling.case.processes.values():
        _process(chart, process, telling)
    _joins(chart, telling)
    for deed in telling.deeds:
        _deed(chart, deed)
    return tuple(chart.nodes.values()), tuple(chart.edges.values())


def _mail(chart: Chart, message: Analysis, telling: Telling) -> None:
    at = next((one.at_ns for one in telling.case.carried if one.message is message), None)
    sender = chart.node("sender", str(message.first("sender.address")), str(message.first("sender.address")), "mail")
    mail = chart.node(
        "message",
        message.id,
        str(message.first("subject")) or message.artifact.name,
        "mail",
        telling.judged[message.address].verdict,
    )
    chart.edge(sender, mail, "sent", at, Text("why.edge.sent"), (message.id,))
    for other in telling.case.messages:
        for box in mailbox_of(other)[:1] if other.values("delivered_to") else mailbox_of(other):
            chart.edge(
                mail,
                chart.node("mailbox", box.lower(), box, "mail"),
                "delivered",
                at,
                Text("why.edge.delivered"),
                (other.id,),
            )


def _files(chart: Chart, telling: Telling) -> None:
    message = telling.message
    tree = telling.trees.get(message.address, ()) if message else [one.analysis for one in telling.case.carried]
    at_address = {one.address: one for one in tree}
    for one in hostile_files(telling):
        file = chart.node("file", one.address, one.artifact.name, "file", telling.judged[one.address].verdict)
        parent = at_address.get(one.artifact.parent or "")
        while (
            parent is not None and parent is not message and stable_id("n", "file", parent.address) not in chart.nodes
        ):
            parent = at_address.get(parent.artifact.parent or "")
        if parent is not None:
            source = (
                stable_id("n", "message", parent.id) if parent is message else stable_id("n", "file", parent.address)
            )
            chart.edge(source, file, "contains", None, Text("why.edge.contains"), (parent.id, one.id))


def _process(chart: Chart, process: Process, telling: Telling) -> None:
    node = chart.node("process", process.key, process.name, "endpoint")
    evidence = (process.creation.id,) if process.creation else ()
    if process.parent is not None and (process.parent.creation or process.creation):
        parent = chart.node("process", process.parent.key, process.parent.name, "endpoint")
        chart.edge(parent, node, "started", process.at_ns, Text("why.edge.started"), evidence)
    for event in process.actions:
        _action(chart, node, process, event, telling)


def _action(chart: Chart, node: str, process: Process, event: Event, telling: Telling) -> None:
    category, fields = event.logsource.category, event.fields
    if category == "network_connection":
        target = f"{destination_of(event)}:{fields.get('DestinationPort')}"
        where = chart.node("address", target, target, "network")
        chart.edge(node, where, "connected", event.time_ns, Text("why.edge.connected"), (event.id,))
    elif category == "dns_query" and (target := destination_of(event)):
        where = chart.node("address", target, target, "network")
        chart.edge(node, where, "resolved", event.time_ns, Text("why.edge.resolved"), (event.id,))
    elif category == "file_event":
        path = str(fields.get("TargetFilename") or "")
        for other in ran(path, process, telling):
            if (other.at_ns or 0) >= (event.time_ns or 0):
                written = chart.node("written", f"{process.host}|{path.lower()}", basename(path), "endpoint")
                chart.edge(node, written, "wrote", event.time_ns, Text("why.edge.wrote"), (event.id,))
                shown = (other.creation.id,) if other.creation else (event.id,)
                chart.edge(
                    written,
                    chart.node("process", other.key, other.name, "endpoint"),
                    "ran",
                    other.at_ns,
                    Text("why.edge.ran"),
                    shown,
                )
    elif category == "registry_set":
        key = str(fields.get("TargetObject"))
        chart.edge(
            node,
            chart.node("registry", key, basename(key), "endpoint"),
            "set",
            event.time_ns,
            Text("why.edge.set"),
            (event.id,),
        )


def _deed(chart: Chart, deed: Deed) -> None:
    """Draw who did it and to whom; what has only one of both is an act of that one alone."""
    if not deed.actor or not deed.target:
        return
    ends = []
    for kind, value in ((deed.actor_type, deed.actor), (deed.target_type, deed.target)):
        shown = "mailbox" if kind == "mailbox" else "address" if kind in ("ip", "domain", "url") else kind
        ends.append(chart.node(shown, value.lower(), value, deed.layer))
    relation = RELATIONS.get(deed.kind, "touched")
    why = Text("why.edge.record", (("count", len(deed.records)), ("log", deed.first.source)))
    chart.edge(ends[0], ends[1], relation, deed.at_ns, why, deed.evidence[:EDGE_EVIDENCE])


def _joins(chart: Chart, telling: Telling) -> None:
    carried = {item.analysis.address: item for item in telling.case.carried}
    for one in telling.case.joins:
        file, process = stable_id("n", "file", one.artifact), stable_id("n", "process", one.process.key)
        if file not in chart.nodes or one.how in ("saved", "address") or process not in chart.nodes:
            continue
        if one.process.parent is not None and one.process.parent.key in telling.case.processes:
            continue  # started by a process that had opened it already
        held = carried.get(one.artifact)
        evidence = (one.event.id, *((held.analysis.id,) if held else ()))
        why = Text(f"why.join.{one.how}", (("value", one.value),))
        chart.edge(file, process, "opened", one.event.time_ns, why, evidence, min(1.0, one.weight))
