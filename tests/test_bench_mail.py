"""The bench that measures verdicts on mail: neutral mails, campaigns, the fit and its figures, on literals."""

import base64
import email
import email.policy
import random
from pathlib import Path

import pytest

from sekisho.model.mailmodel import MailModel

np = pytest.importorskip("numpy")
BENCH = Path(__file__).parents[1] / "bench" / "mail"
TRAP = b"Trap.Reader@trap.example"


@pytest.fixture(autouse=True)
def bench(monkeypatch):
    monkeypatch.syspath_prepend(str(BENCH))


def mail():
    token = base64.b64encode(b"id=7;trap.reader@trap.example;").rstrip(b"=")
    body = (
        b"<meta charset=iso-8859-1><a href='https://a.example/?e=trap.reader%40trap.example&t="
        + token
        + b"'>caf\xe9</a>"
    )
    lines = [
        b"Received: from a by b",
        b"Authentication-Results: x; spf=fail",
        b"X-Mailer: Y",
        b"List-Id: <l>",
        b"From: =?iso-8859-1?q?Caf=E9?= <shop@shop.example>",
        b"Reply-To: other@else.example",
        b"To: " + TRAP,
        b"Subject: =?utf-8?b?" + base64.b64encode("見積".encode()) + b"?= for " + TRAP,
        b"Date: Wed, 26 Jul 2023 17:59:05 +0000",
        b"Message-ID: <1@shop.example>",
        b"References: <a@b.example> <c@d.example>",
        b"MIME-Version: 1.0",
        b'Content-Type: multipart/mixed; boundary="zzz"',
        b"",
        b"--zzz",
        b"Content-Type: text/html; charset=iso-8859-1",
        b"",
        body,
        b"--zzz",
        b'Content-Type: application/pdf; name="a.pdf"',
        b"Content-Transfer-Encoding: base64",
        b"",
        base64.b64encode(b"%PDF trap.reader@trap.example"),
        b"--zzz--",
        b"",
    ]
    return b"\r\n".join(lines)


def test_neutral_mails_keep_what_was_written_and_nothing_of_the_way():
    import corpus

    read = email.message_from_bytes(corpus.neutral(mail()), policy=email.policy.default)
    assert {name.lower() for name in read} == {
        *("from", "reply-to", "to", "subject", "date", "message-id", "references", "mime-version", "content-type")
    }
    assert (read["from"], read["reply-to"]) == ("Café <shop@shop.example>", "other@else.example")
    assert read["subject"].split() == ["見積", "for", corpus.RECIPIENT]
    assert (read["to"], read["date"]) == (corpus.RECIPIENT, corpus.DATE)
    assert len(read["references"].split()) == 2
    html, pdf = read.iter_parts()
    assert "café" in html.get_content()
    assert "user%40recipient.example" in html.get_content()
    token = html.get_content().partition("&t=")[2].partition("'")[0]
    assert base64.b64decode(token + "=" * (-len(token) % 4)) == b"id=7;user@recipient.example;"
    assert pdf.get_content() == b"%PDF trap.reader@trap.example"
    assert b"trap.example" not in corpus.neutral(mail()).partition(b"application/pdf")[0]


def test_neutral_form_of_broken_mails_is_made_all_the_same():
    import corpus

    dice = random.Random(3)
    for _ in range(200):
        data = bytearray(mail())
        for _ in range(dice.randrange(1, 8)):
            data[dice.randrange(len(data))] = dice.randrange(256)
        assert corpus.neutral(bytes(data)).endswith(b"\n")


def test_mails_that_say_mostly_the_same_are_one_campaign():
    import campaigns

    text = "your parcel {} could not be delivered please pay the fee of {} within two days at the link below"
    one, two = (campaigns.signature("Parcel", text.format(n, n + 1), [f"https://h{n}.bad.example/a"]) for n in (1, 2))
    other = campaigns.signature("Minutes", "attached are the minutes of our last meeting, see you on monday", [])
    assert campaigns.groups([one, other, two, []]) == [0, 1, 0, 3]


def test_weights_move_with_the_mails_but_never_below_zero():
    from logistic import fit

    attack = np.array([1.0] * 40 + [0.0] * 60)
    telling = np.where(attack == 1, np.arange(100) % 2, 0.0)
    honest = 1.0 - attack
    signals = np.column_stack([telling, honest, np.zeros(100)])
    made = fit(signals, attack, np.ones(100), np.array([1.5, 1.5, 3.5]), 1.0)
    assert made.weights[0] > 1.5
    assert made.weights[1] == 0.0
    assert made.weights[2] == pytest.approx(3.5), "what was never seen keeps its level's weight"
    assert fit(signals, attack, np.ones(100), np.array([1.5, 1.5, 3.5]), 1e6).weights[0] == pytest.approx(1.5, abs=0.01)


def test_mails_raise_a_weight_by_so_much_and_double_it_at_most():
    from logistic import fit

    attack = np.array([1.0] * 50 + [0.0] * 50)
    signals = np.column_stack([attack, attack])
    made = fit(signals, attack, np.ones(100), np.array([0.5, 3.5]), 0.01, rise=1.0)
    assert made.weights.tolist() == pytest.approx([1.0, 4.5])


def test_two_names_of_one_sign_share_its_weight():
    from logistic import fit

    attack = np.array([1.0] * 50 + [0.0] * 50)
    sign = np.array([1.0] * 40 + [0.0] * 10 + [1.0] * 5 + [0.0] * 45)
    means = np.array([1.5, 1.5])
    alone = fit(sign[:, None], attack, np.ones(100), means[:1], 0.25).weights
    both = fit(np.column_stack([sign, sign]), attack, np.ones(100), means, 0.25).weights
    assert both[0] == pytest.approx(both[1])
    assert both.sum() == pytest.approx(alone[0], abs=0.5)


def test_the_bench_maps_scores_as_the_product_does():
    import crossval

    points = crossval.knots([3.0, 5.5])
    scores = np.array([0.0, 0.7, 3.0, 4.0, 5.5, 6.5])
    product = [MailModel({}, points).probability([one]) for one in scores]
    assert (1 / (1 + np.exp(-crossval.mapped(points, scores)))).tolist() == pytest.approx(product)
    assert product[2] == pytest.approx(0.5)
    assert product[4] == pytest.approx(0.9, abs=1e-4)


def test_one_rule_alone_is_never_more_than_its_level_says():
    import crossval

    points = crossval.knots([0.1, 0.2])
    medium, high = (np.array([level + crossval.RISE]) for level in (1.5, 3.5))
    assert crossval.mapped(points, medium) < 0
    assert 0 <= crossval.mapped(points, high) < np.log(9)


def test_figures_on_literals():
    import measures

    honest = np.arange(1000.0)
    assert measures.threshold(honest, 0.001) == np.nextafter(998.0, np.inf)
    assert measures.recall(np.array([998.0, 999.0, 5.0, 2000.0]), honest, 0.001) == 0.5
    assert measures.recall(np.ones(4), np.ones(1000), 0.01) == 0.0, "ties count against us"
    assert measures.auc(np.array([2.0, 1.0]), np.array([0.0, 1.0])) == 0.875
    assert measures.wilson(0, 160) == (0.0, pytest.approx(0.0235, abs=1e-4))
    assert measures.fisher(0, 10, 10, 10) < 1e-4 < measures.fisher(5, 10, 5, 10) == 1.0
