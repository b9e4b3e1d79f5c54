import random
from pathlib import Path

import pytest

from sekisho.model.artifact import Artifact
from sekisho.model.errors import SourceError
from sekisho.model.limits import DEFAULT
from sekisho.sources import Gap
from sekisho.sources.mbox import read, recognise

FROM = b"From someone@example.com Mon Apr 25 10:00:00 2022\n"
FIRST = b"Subject: one\n\nbody one\n"
SECOND = b"Subject: two\n\nbody two\n"


def split(tmp_path, data):
    path = tmp_path / "box.mbox"
    path.write_bytes(data)
    return list(read(path))


def bodies(tmp_path, data):
    return [item.data for item in split(tmp_path, data) if isinstance(item, Artifact)]


def test_messages_come_in_order_without_separators(tmp_path):
    found = split(tmp_path, FROM + FIRST + b"\n" + FROM + SECOND + b"\n")
    assert [item.data for item in found] == [FIRST, SECOND]
    assert [item.name for item in found] == ["message-1.eml", "message-2.eml"]
    assert found[1].address == f"{tmp_path / 'box.mbox'} » message-2.eml"
    assert {item.kind for item in found} == {"eml"}


@pytest.mark.parametrize(
    "line",
    [
        b"From - Mon Apr 25 10:00:00 2022\n",
        b"From 1731@xxx Mon Apr 25 10:00:00 +0000 2022\n",
        b"From MAILER-DAEMON Mon Apr  5 10:00:00 2022\r\n",
        b"From a b c Mon Apr 25 10:00:00 JST 2022\n",
        b"From someone@example.com 2022-04-25T10:00:00\n",
        b"From someone@example.com Mon, 25 Apr 2022 10:00:00 +0900\n",
    ],
)
def test_separators_as_programs_write_them(tmp_path, line):
    assert bodies(tmp_path, line + FIRST + b"\n" + line + SECOND) == [FIRST, SECOND]
    assert recognise(line + FIRST, Path("x"))


def test_body_lines_that_begin_with_from_do_not_split(tmp_path):
    body = FIRST + b"\nFrom here on it is easy.\nFrom: quoted@example.com\n\nFrom Mon to Fri 2022\nno header\n"
    assert bodies(tmp_path, FROM + body) == [body]


def test_quoted_from_lines_lose_one_mark(tmp_path):
    quoted = FIRST + b">From me\n>>From you\n> From us\n"
    assert bodies(tmp_path, FROM + quoted) == [FIRST + b"From me\n>From you\n> From us\n"]


def test_crlf_mailboxes_keep_their_line_ends(tmp_path):
    one, two = FIRST.replace(b"\n", b"\r\n"), SECOND.replace(b"\n", b"\r\n")
    mark = FROM.replace(b"\n", b"\r\n")
    assert bodies(tmp_path, mark + one + b"\r\n" + mark + two) == [one, two]


def test_text_before_the_first_separator_is_a_gap(tmp_path):
    found = split(tmp_path, b"garbage\n" + FROM + FIRST)
    assert isinstance(found[0], Gap)
    assert found[1].data == FIRST


def test_an_empty_file_has_no_messages(tmp_path):
    assert split(tmp_path, b"") == []
    assert split(tmp_path, b"\n\n") == []


def test_a_message_above_the_limit_is_named_without_bytes(tmp_path):
    path = tmp_path / "box.mbox"
    with path.open("wb") as file:
        file.write(FROM + b"Subject: large\n\n")
        for _ in range(DEFAULT.input_bytes // (1 << 20) + 1):
            file.write((b"x" * 1023 + b"\n") * 1024)
        file.write(FROM + SECOND)
    large, small = read(path)
    assert large.data == b""
    assert "input_bytes" in large.unscanned
    assert small.data == SECOND


def test_one_endless_line_does_not_hold_things_up(tmp_path):
    (found,) = bodies(tmp_path, FROM + b"Subject: x\n\n" + b"From " * 2_000_000 + b"\n")
    assert len(found) > 10_000_000


def test_a_missing_file_is_a_source_error(tmp_path):
    with pytest.raises(SourceError, match="none"):
        list(read(tmp_path / "none.mbox"))


@pytest.mark.parametrize("head", [b"", b"From", b"From nowhere\nnothing here\n", b"Subject: x\n\nbody", b"{}"])
def test_other_text_is_not_ours(head):
    assert not recognise(head, Path("x.mbox"))


def test_no_byte_of_a_mutated_mailbox_gets_lost(tmp_path):
    rng = random.Random(2)
    whole = (FROM + FIRST + b"\n") * 3
    for _ in range(200):
        data = bytearray(whole)
        for _ in range(rng.randrange(1, 6)):
            data[rng.randrange(len(data))] = rng.choice(b"\r\nFrom >:\x00\xff")
        found = split(tmp_path, bytes(data[: rng.randrange(len(data))]))
        assert sum(len(item.data) for item in found if isinstance(item, Artifact)) <= len(data)
