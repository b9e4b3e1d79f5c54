"""Codes that are drawn without a picture."""

import random

import pytest

from sekisho.analyzers._qr_grid import text_pictures
from sekisho.app.examine import analyse
from sekisho.model.artifact import Artifact
from tests.analyzers.test_image import LINK, drawn, read


def modules():
    """Rows of True where a code is dark, with its margin."""
    code = drawn(scale=1)
    return [[code.getpixel((x, y)) < 128 for x in range(code.width)] for y in range(code.height)]


def doubled(dark="██", light="  "):
    return "\n".join("".join(dark if one else light for one in row) for row in modules())


def halves():
    rows = modules()
    rows += [[False] * len(rows[0])] * (len(rows) % 2)
    shapes = {(True, True): "█", (True, False): "▀", (False, True): "▄", (False, False): " "}
    return "\n".join(
        "".join(shapes[pair] for pair in zip(*rows[at : at + 2], strict=True)) for at in range(0, len(rows), 2)
    )


DRAWN = {
    "blocks": doubled(),
    "inverted": doubled("  ", "██"),
    "halves": halves(),
    "shades": doubled("▓▓", "  "),
    "squares": doubled("⬛", "⬜"),
    "letters": doubled("##", "  "),
    "dots": doubled("XX", ".."),
    "trimmed": "\n".join(line.rstrip() for line in doubled().split("\n")),
}


@pytest.mark.parametrize("text", DRAWN.values(), ids=DRAWN)
def test_codes_of_characters(text):
    (picture,) = text_pictures("Scan this:\n\n" + text + "\n\nThank you\n")
    assert read(picture)[0]["qr.text"] == [LINK]


def mail(body, kind):
    head = f"From: a@example.com\r\nTo: b@example.org\r\nSubject: x\r\nMIME-Version: 1.0\r\nContent-Type: text/{kind}; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n"
    return head.encode() + body.encode()


def codes(data, name="a.eml"):
    """The texts of all codes below an input."""
    pending, found = [Artifact(name, data, name)], []
    while pending:
        analysis, children = analyse(pending.pop())
        assert not analysis.notes
        found += analysis.values("qr.text")
        pending += children
    return found


def test_a_mail_with_a_drawn_code():
    assert codes(mail("Hello\n\n" + halves() + "\n\nBye\n", "plain")) == [LINK]


def plain_rows(cell, row):
    return f"<tr>{''.join(cell(one) for one in row)}</tr>"


def merged_rows(cell, row):
    out, at = "", 0
    while at < len(row):
        length = next((n for n in range(1, len(row) - at) if row[at + n] != row[at]), len(row) - at)
        out += cell(row[at], length)
        at += length
    return f"<tr>{out}</tr>"


def tabled(row, cell, extra="", head=""):
    return f"<html><head>{head}</head><body><table {extra}>{''.join(row(cell, one) for one in modules())}</table></body></html>"


TABLES = {
    "bgcolor": tabled(
        plain_rows, lambda one: f'<td bgcolor="{"#000000" if one else "#ffffff"}" width="4" height="4"></td>'
    ),
    "style": tabled(
        plain_rows,
        lambda one: f'<td style="background-color: {"rgb(0, 0, 0)" if one else "#fff"}; width:4px">&nbsp;</td>',
    ),
    "only-dark": tabled(plain_rows, lambda one: "<td bgcolor=navy></td>" if one else "<td></td>"),
    "class": tabled(
        plain_rows,
        lambda one: f'<td class="{"d" if one else "l"}"></td>',
        head="<style>.d{width:3px;background:#112}.l{background:#eee}</style>",
    ),
    "colspan": tabled(merged_rows, lambda one, n: f'<td colspan="{n}" bgcolor="{"black" if one else "white"}"></td>'),
    "width": tabled(
        merged_rows, lambda one, n: f'<td style="width:{4 * n}px;background:{"#000" if one else "#fff"}"></td>'
    ),
    "dark-table": tabled(plain_rows, lambda one: "<td></td>" if one else '<td bgcolor="white"></td>', 'bgcolor="#000"'),
    "unclosed": tabled(plain_rows, lambda one: f'<td bgcolor="{"#000" if one else "#fff"}">'),
    "pre": f"<html><body><pre>{doubled()}</pre></body></html>",
    "lines": f"<html><body><p>Scan</p>{'<br>'.join(line.replace(' ', '&nbsp;') for line in halves().split(chr(10)))}</body></html>",
    "entities": f"<html><body><p>Scan</p>{'<br>'.join(''.join(f'&#{ord(c)};' for c in line) for line in doubled().split(chr(10)))}</body></html>",
}


@pytest.mark.parametrize("source", TABLES.values(), ids=TABLES)
def test_codes_in_pages(source):
    assert codes(source.encode(), "a.html") == [LINK]
    assert codes(mail(source, "html")) == [LINK]


def test_what_is_no_code():
    art = "\n".join("#" * 60 + "  " * (number % 3) for number in range(30))
    assert not list(text_pictures(art))
    assert not list(text_pictures("█" * 30 + "\n" + "progress ▓▓▓░░░\n" * 40))
    calendar = "<table>" + "<tr>" + "<td bgcolor='#000000'></td><td></td>" * 20 + "</tr>" + "</table>"
    assert codes(f"<html><body>{calendar * 9}</body></html>".encode(), "a.html") == []


def test_large_texts_come_to_an_end():
    dice = random.Random(2)
    texts = ("#" * 2_000_000, ("#" * 399 + "\n") * 5_000, "█ \n" * 500_000, "█" * 1_000_000)
    for text in (*texts, "".join(dice.choice("█ \n") for _ in range(400_000))):
        assert not list(text_pictures(text))
    cells = "<tr>" + "<td bgcolor=black></td><td></td>" * 100 + "</tr>"
    assert not codes(f"<html><body>{('<table>' + cells * 30 + '</table>') * 10}</body></html>".encode(), "a.html")
