"""The index: what was learnt comes back as it was."""

import contextlib
import gzip
import json
import random
from datetime import date, timedelta

import pytest

from sekisho.app.attribution import index, knowledge
from sekisho.attribute.ranker import Model
from sekisho.model.errors import ResponseError, SourceError


def source(tmp_path, reports=40):
    names = {f"G{n:04}": ["intrusion-set", f"n{n}"] for n in range(8)}
    names |= {f"T1{n:03}": ["attack-pattern", "t"] for n in range(40)}
    uses = []
    for number in range(reports):
        day = date(2014, 1, 1) + timedelta(days=40 * number)
        cited = [[f"https://{number}.example", int(day.strftime("%Y%m%d"))]]
        group = number % 8
        uses += [[f"G{group:04}", "uses", f"T1{group * 4 + k:03}", cited] for k in range(4)]
    path = tmp_path / "k.json"
    path.write_text(json.dumps({"source": "test", "names": names, "uses": uses}))
    return str(path)


def test_an_index_gives_back_knowledge_and_model(tmp_path):
    path, out = source(tmp_path), str(tmp_path / "i")
    known, model = index.write(path, out)
    again, same = index.read(out)
    assert model.learnt_from > 20
    assert same == model
    assert (again.names, set(map(repr, again.uses))) == (known.names, set(map(repr, known.uses)))
    first = (tmp_path / "i").read_bytes()
    index.write(path, out)
    assert (tmp_path / "i").read_bytes() == first


def test_knowledge_without_a_model_has_the_prior(tmp_path):
    path = source(tmp_path, 3)
    assert index.read(path) == (knowledge.read(path), Model())


@pytest.mark.parametrize(
    "change", [{"signals": ["a"]}, {"weights": [1]}, {"scale": 3}, {"known": None}, {"scale": [[0, 0], [0, 1]]}]
)
def test_a_model_that_does_not_fit_is_refused(tmp_path, change):
    out = tmp_path / "i"
    index.write(source(tmp_path), str(out))
    document = json.loads(gzip.decompress(out.read_bytes()))
    document["model"] |= change
    out.write_text(json.dumps(document))
    with pytest.raises(SourceError):
        index.read(str(out))


def test_an_index_that_cannot_be_written_says_so(tmp_path):
    with pytest.raises(ResponseError):
        index.write(source(tmp_path, 3), str(tmp_path / "none" / "i"))


def test_only_foreseen_errors_come_out_of_broken_indices(tmp_path):
    out, dice = tmp_path / "i", random.Random(7)
    index.write(source(tmp_path, 30), str(out))
    seed = gzip.decompress(out.read_bytes())
    for _ in range(200):
        data = bytearray(seed)
        for _ in range(dice.randrange(1, 4)):
            place = dice.choice((dice.randrange(len(data)), len(data) - 1 - dice.randrange(300)))
            data[place] = dice.choice(b'[]{}":, eE-nul01')
        out.write_bytes(data)
        with contextlib.suppress(SourceError):
            index.read(str(out))
