"""Cabinets."""

import random
import zlib
from dataclasses import dataclass, field

import pytest

from sekisho.analyzers import _lzx
from sekisho.analyzers._lzx import LZX_BLOCKS, LZX_BYTES
from sekisho.analyzers.cab import MAGIC, analyze
from sekisho.app.examine import analyse
from sekisho.model.artifact import Artifact, Feature
from sekisho.model.errors import LimitError, MalformedError

TEXT = b"".join(b"line %d of a harmless text\r\n" % number for number in range(4_000))
STORED, MSZIP, QUANTUM, LZX = 0, 1, 0x0702, 0x0F03


def read(data, name="a.cab"):
    features, children, error = {}, {}, None
    try:
        for one in analyze(Artifact(name, data, name)):
            if isinstance(one, Feature):
                features.setdefault(one.name, []).append(one.value)
            else:
                children[one.name] = one
    except (MalformedError, LimitError) as raised:
        error = raised
    return features, children, error


def mszip(plain):
    """Give blocks of deflate, each with the block before as its dictionary."""
    blocks, before = [], b""
    for at in range(0, len(plain), 32_768):
        piece = plain[at : at + 32_768]
        packer = (
            zlib.compressobj(9, zlib.DEFLATED, -15, zdict=before) if before else zlib.compressobj(9, zlib.DEFLATED, -15)
        )
        blocks.append((b"CK" + packer.compress(piece) + packer.flush(), len(piece)))
        before = piece
    return blocks


def cabinet(files, blocks, method, *, flags=0, reserve=b"", names=(), extra=b"", index=0):
    """Build a cabinet of one folder; ``files`` are (name, start, size, attributes)."""
    head = b""
    if flags & 4:
        head += len(reserve).to_bytes(2, "little") + bytes([2, 3]) + reserve
    head += b"".join(name + b"\0" for name in names)
    folder_at = 36 + len(head)
    files_at = folder_at + 8 + (2 if flags & 4 else 0)
    entries = b""
    for name, start, size, attributes in files:
        entries += size.to_bytes(4, "little") + start.to_bytes(4, "little") + index.to_bytes(2, "little")
        entries += bytes(4) + attributes.to_bytes(2, "little") + name + b"\0"
    data_at = files_at + len(entries)
    folder = data_at.to_bytes(4, "little") + len(blocks).to_bytes(2, "little") + method.to_bytes(2, "little")
    folder += b"\0\0" if flags & 4 else b""
    data = b"".join(
        bytes(4) + len(raw).to_bytes(2, "little") + size.to_bytes(2, "little") + (b"\0\0\0" if flags & 4 else b"") + raw
        for raw, size in blocks
    )
    size = data_at + len(data)
    start = MAGIC + size.to_bytes(4, "little") + bytes(4) + files_at.to_bytes(4, "little") + bytes(4) + b"\3\1\1\0"
    start += len(files).to_bytes(2, "little") + flags.to_bytes(2, "little") + bytes(4)
    return start + head + folder + entries + data + extra


@dataclass
class LzxPacker:
    """A plain encoder of LZX: fixed code lengths, matches by the last place of three bytes, window of 32 KiB."""

    plain: bytes
    translate: int = 0
    out: list = field(default_factory=list)
    bits: str = ""
    main: list = field(default_factory=lambda: [0] * 496)
    length: list = field(default_factory=lambda: [0] * 249)
    seen: dict = field(default_factory=dict)
    recent: list = field(default_factory=lambda: [1, 1, 1])
    raw: bytes = b""

    def put(self, value, count):
        self.bits += format(value, f"0{count}b") if count else ""

    def flush(self):
        """Write the bits as words of 16."""
        self.bits += "0" * (-len(self.bits) % 16)
        for at in range(0, len(self.bits), 16):
            self.raw += int(self.bits[at : at + 16], 2).to_bytes(2, "little")
        self.bits = ""

    def tree(self, old, new):
        """Write code lengths as differences, in a pretree whose used codes are all equally long."""
        deltas = [(before - now) % 17 for before, now in zip(old, new, strict=True)]
        used = sorted(set(deltas))
        used += [code for code in range(17) if code not in used][
            : (2 if len(used) <= 2 else 4 if len(used) <= 4 else 8) - len(used)
        ]
        used.sort()
        width = len(used).bit_length() - 1
        for code in range(20):
            self.put(width if code in used else 0, 4)
        for delta in deltas:
            self.put(used.index(delta), width)

    def head(self, kind, size):
        self.put(kind, 3)
        self.put(size, 24)
        if kind == 3:
            self.bits += "0" * (16 - len(self.bits) % 16)
            self.flush()
            self.raw += b"".join(one.to_bytes(4, "little") for one in self.recent)
            return
        if kind == 2:
            for _ in range(8):
                self.put(3, 3)
        main, length = [8] * 16 + [9] * 480, [7] * 7 + [8] * 242
        self.tree(self.main[:256], main[:256])
        self.tree(self.main[256:], main[256:])
        self.tree(self.length, length)
        self.main, self.length = main, length

    def symbol(self, value):
        self.put(value, 8) if value < 16 else self.put(32 + value - 16, 9)

    def match(self, kind, distance, length):
        slot, extra = 0, 0
        if distance in self.recent:
            slot = self.recent.index(distance)
            self.recent[0], self.recent[slot] = self.recent[slot], self.recent[0]
        else:
            slot = max(number for number in range(3, 30) if _lzx.BASES[number] <= distance + 2)
            self.recent = [distance, *self.recent[:2]]
        short = min(length - 2, 7)
        self.symbol(256 + slot * 8 + short)
        if short == 7:
            rest = length - 9
            self.put(rest, 7) if rest < 7 else self.put(14 + rest - 7, 8)
        if slot > 2:
            extra, value = _lzx.EXTRA_BITS[slot], distance + 2 - _lzx.BASES[slot]
            if kind == 2 and extra >= 3:
                self.put(value >> 3, extra - 3)
                self.put(value & 7, 3)
            else:
                self.put(value, extra)

    def frames(self, plan):
        """Give the frames for a plan of (kind, size) blocks."""
        at, frames = 0, []
        self.put(1 if self.translate else 0, 1)
        if self.translate:
            self.put(self.translate, 32)
        for kind, size in plan:
            self.head(kind, size)
            block_end = at + size
            while at < block_end:
                frame_end = min(len(self.plain), (at // 32_768 + 1) * 32_768)
                at = self.piece(kind, at, min(block_end, frame_end))
                if kind == 3 and at == block_end and size & 1:
                    self.raw += b"\0"
                if at == frame_end:
                    self.flush()
                    frames.append((self.raw, (at - 1) % 32_768 + 1))
                    self.raw = b""
        return frames

    def piece(self, kind, at, end):
        if kind == 3:
            self.raw += self.plain[at:end]
            return end
        while at < end:
            key = self.plain[at : at + 3]
            before = self.seen.get(key, -1)
            self.seen[key] = at
            distance = at - before
            length = 0
            if before >= 0 and distance < 32_765:
                while length < 257 and at + length < end and self.plain[before + length] == self.plain[at + length]:
                    length += 1
            if length >= 3:
                self.match(kind, distance, length)
                at += length
            else:
                self.symbol(self.plain[at])
                at += 1
        return at


PLAN = ((1, 40_001), (2, 30_000), (3, 20_001), (1, 10))


def lzx(plain, plan=PLAN, translate=0):
    rest = len(plain) - sum(size for _, size in plan)
    return LzxPacker(plain, translate).frames([*plan, (2, rest)] if rest else plan)


def one(method, blocks, plain, **more):
    return cabinet([(b"a.txt", 0, len(plain), 0x20)], blocks, method, **more)


@pytest.mark.parametrize(
    ("name", "method", "pack"),
    [
        ("store", STORED, lambda plain: [(plain[at : at + 30_000], 30_000) for at in range(0, len(plain), 30_000)]),
        ("mszip", MSZIP, mszip),
        ("lzx", LZX, lzx),
    ],
)
def test_every_method_that_is_read(name, method, pack):
    features, children, error = read(one(method, pack(TEXT), TEXT))
    assert error is None
    assert features == {"archive.members": [1], "archive.method": [name], "archive.member": ["a.txt"]}
    assert children["a.txt"].data == TEXT


def test_calls_in_lzx_are_turned_back():
    plain = b"MZ" + b"\xe8\x00\x01\x00\x00" * 8_000 + bytes(20)
    blocks = lzx(plain, ((1, 20_000),), translate=len(plain))
    out = read(one(LZX, blocks, plain))[1]["a.txt"].data
    assert (len(out), out[:3]) == (len(plain), b"MZ\xe8")
    assert out[3:7] == (0x100 - 2).to_bytes(4, "little")  # absolute 0x100, seen from offset 2
    assert out[8:12] == (0x100 - 7).to_bytes(4, "little")


def test_names_attributes_and_parts():
    files = [
        (b"../word.inf", 0, 4, 0x20),
        ("見積.txt".encode(), 4, 6, 0xA0),
        ("見積2.txt".encode("cp932"), 4, 6, 0x20),
        (b"C:\\run.exe", 10, 5, 0x22),
    ]
    features, children, error = read(cabinet(files, [(b"one ttwo\r\nthree", 15)], STORED))
    assert error is None
    assert features["archive.traversal"] == ["../word.inf", "C:\\run.exe"]
    assert features["archive.hidden_file"] == ["C:\\run.exe"]
    assert {name: child.data for name, child in children.items()} == {
        "../word.inf": b"one ",
        "見積.txt": b"ttwo\r\n",
        "見積2.txt": b"ttwo\r\n",
        "C:\\run.exe": b"three",
    }


def test_quantum_is_named():
    data = one(QUANTUM, [(b"x" * 50, 100)], b"x" * 100)
    analysis, (child,) = analyse(Artifact("a", data, "a"))
    assert "quantum is not read" in child.unscanned
    assert "quantum is not read" in analysis.unscanned


def test_sets_reserves_and_what_follows():
    data = one(
        MSZIP,
        mszip(TEXT),
        TEXT,
        flags=7,
        reserve=b"signature",
        names=(b"a1.cab", b"disk 1", b"a3.cab", b"disk 3"),
        extra=b"appended",
    )
    features, children, error = read(data)
    assert error is None
    assert (features["archive.previous_volume"], features["archive.next_volume"]) == (["a1.cab"], ["a3.cab"])
    assert (features["archive.reserved_bytes"], features["archive.trailing_bytes"]) == ([9], [8])
    assert (children["a.txt"].data, children["trailing"].data) == (TEXT, b"appended")
    _, children, error = read(one(STORED, [(b"part", 4)], b"part", index=0xFFFE))
    assert "another cabinet" in children["a.txt"].unscanned


def test_a_broken_block_keeps_what_came_before():
    for method, blocks in ((MSZIP, mszip(TEXT)), (LZX, lzx(TEXT))):
        blocks[2] = (b"\xff" * 40, 32_768)
        _, children, error = read(one(method, blocks, TEXT))
        assert (children["a.txt"].data, isinstance(error, MalformedError)) == (TEXT[:65_536], True)
        assert children["a.txt"].unscanned


def test_declared_gigabytes_cost_nothing():
    data = cabinet([(b"a", 0, 0xFFFFFFF0, 0), (b"b", 0xFFFFFF00, 16, 0)], [(b"four", 4)], STORED)
    _, children, error = read(data)
    assert (children["a"].data, children["b"].data) == (b"", b"")
    assert "member_bytes" in str(error)


def test_bombs_end():
    block = mszip(bytes(32_768))[0]
    bomb = cabinet(
        [(b"%d" % n, 0, 32_768 * 1_500, 0) for n in range(9)], [block, *[mszip(bytes(65_536))[1]] * 1_499], MSZIP
    )
    _, children, error = read(bomb)
    assert sum(len(child.data) for child in children.values()) <= 200 * 1024 * 1024
    assert "unpacked_bytes" in str(error)
    first, again = LzxPacker(bytes(65_536)).frames([(3, 32_768)] * 2)
    many = [first, *[again] * (LZX_BYTES // 32_768 + 9)]
    _, children, error = read(one(LZX, many, bytes(32_768 * len(many))))
    assert "lzx_bytes" in str(error)
    assert len(children["a.txt"].data) == LZX_BYTES


def test_blocks_without_end_cost_little():
    plain = bytes(LZX_BLOCKS + 1)
    blocks = lzx(plain, [(3, 1)] * len(plain))
    _, children, error = read(one(LZX, blocks, plain))
    assert "lzx_blocks" in str(error)
    assert not children["a.txt"].data


def test_only_foreseen_errors_come_out_of_broken_cabinets():
    dice = random.Random(7)
    text = TEXT[:40_000]
    seeds = [
        one(MSZIP, mszip(text), text, flags=7, reserve=b"r", names=(b"a", b"b", b"c", b"d")),
        one(LZX, lzx(text, ((1, 20_001), (3, 9), (2, 10_000))), text),
        one(LZX, lzx(b"\xe8\0\1\0\0" * 2_000, ((1, 4_001), (3, 9)), 9_000), b"\xe8\0\1\0\0" * 2_000),
    ]
    for _ in range(300):
        data = bytearray(dice.choice(seeds))
        for _ in range(dice.randrange(1, 6)):
            data[dice.randrange(8, len(data) if dice.randrange(2) else 400)] = dice.randrange(256)
        read(bytes(data[: dice.choice([len(data), dice.randrange(30, len(data) + 1)])]))
