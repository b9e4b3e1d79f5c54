"""The picture: causes stand above effects, labels fit, cycles and empty graphs do no harm."""

from sekisho.model.incident import Edge, Incident, Node, Text
from sekisho.model.verdict import Verdict
from sekisho.respond.graph import HEIGHT, WIDTH, fit, picture
from sekisho.respond.wording import Words


def incident(nodes, edges):
    made = tuple(Node(name, "process", f"{name}.exe", "endpoint") for name in nodes)
    why = Text("why.edge.started")
    lines = tuple(Edge(left, right, "started", None, why, ("e000000000001",)) for left, right in edges)
    text = Text("root.unknown")
    return Incident(
        "i", Verdict.MALICIOUS, 0.9, "high", 0.5, text, "", text, None, None, (), (), made, lines, (), (), ()
    )


def places(found):
    return {box.node.id: (box.x, box.y) for box in found.boxes}


def test_causes_stand_above_effects():
    found = picture(incident("abcd", ["ab", "bc", "ad", "dc"]), Words("en"))
    at = places(found)
    assert at["a"][1] < at["b"][1] < at["c"][1]
    assert at["d"][1] == at["b"][1]
    assert len(found.lines) == 4


def test_boxes_never_overlap_and_stay_inside():
    names = [f"n{number}" for number in range(20)]
    found = picture(incident(names, [("n0", name) for name in names[1:]]), Words("en"))
    spots = sorted(places(found).values())
    for index, (x, y) in enumerate(spots):
        assert 0 <= x <= found.width - WIDTH
        assert 0 <= y <= found.height - HEIGHT
        for other_x, other_y in spots[index + 1 :]:
            assert abs(other_x - x) >= WIDTH or abs(other_y - y) >= HEIGHT


def test_a_cycle_is_drawn():
    found = picture(incident("ab", ["ab", "ba"]), Words("en"))
    assert len(found.boxes) == len(found.lines) == 2


def test_nothing_is_a_picture_too():
    assert picture(incident("", []), Words("en")).boxes == ()


def test_labels_are_cut_in_the_middle_by_width():
    assert fit("short.exe") == "short.exe"
    assert fit("a-very-long-file-name-indeed.doc.lnk", 20) == "a-very-lon…d.doc.lnk"
    cut = fit("請求書のお知らせと明細一覧.doc.lnk", 20)
    assert cut.startswith("請求書の")
    assert cut.endswith(".lnk")
