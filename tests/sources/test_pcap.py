from pathlib import Path

from sekisho.sources import Gap
from sekisho.sources.pcap import NOT_READ, read, recognise

PCAP = bytes.fromhex("d4c3b2a1 02000400 00000000 00000000 00000400 01000000")
PCAPNG = bytes.fromhex("0a0d0d0a 1c000000 4d3c2b1a 01000000 ffffffffffffffff 1c000000")


def test_captures_are_told_by_their_magic_number():
    assert all(recognise(head, Path("a.bin")) for head in (PCAP, PCAP[3::-1], PCAPNG))
    assert not any(recognise(head, Path("a.pcap")) for head in (b"", b"\n\r\r\n", b"\n\r\r\nlines of text", b"#fields"))


def test_what_would_read_one_is_said(tmp_path):
    assert list(read(tmp_path / "a.pcap")) == [Gap("", NOT_READ)]
    assert "Zeek" in NOT_READ
    assert "Suricata" in NOT_READ
