"""RAR archives, written here: headers of both generations, a small packer for each compression, both ciphers."""

import hmac
import random
import struct
import zlib
from hashlib import pbkdf2_hmac, sha256
from itertools import chain

import pytest
from Cryptodome.Cipher import AES

from sekisho.analyzers import _rar3_unpack, load
from sekisho.analyzers._prefix_codes import table
from sekisho.analyzers._rar3_unpack import _DISTANCES as DISTANCES3
from sekisho.analyzers._rar3_unpack import _LENGTHS as LENGTHS3
from sekisho.analyzers._rar_crypto import keyed_crc, rar3_key
from sekisho.analyzers._rar_filters import delta
from sekisho.analyzers.rar import analyze, blake2sp, start_of
from sekisho.model.artifact import Artifact, Feature
from sekisho.model.errors import LimitError, MalformedError
from sekisho.model.limits import MIB

MAGIC4, MAGIC5 = b"Rar!\x1a\x07\x00", b"Rar!\x1a\x07\x01\x00"
DICE = random.Random(11)
WORDS = [bytes(DICE.choice(b"abcdefghij") for _ in range(DICE.randrange(2, 9))) for _ in range(300)]
TEXT = b" ".join(DICE.choice(WORDS) for _ in range(6_000))
CODE = b"".join(
    b"\x55\x90" + (b"\xe8", b"\xe9")[one % 2] + struct.pack("<i", 0x300 - 7 * one - 7) for one in range(300)
)
SALT, IV = bytes(range(16)), bytes(range(100, 116))


class Writer:
    """Bits from the high end of bytes."""

    def __init__(self):
        self.bits = []

    def put(self, value, count):
        self.bits.append(f"{value:0{count}b}" if count else "")

    def bytes(self):
        text = "".join(self.bits)
        text += "0" * (-len(text) % 8)
        return int("1" + text, 2).to_bytes(len(text) // 8 + 1, "big")[1:], len("".join(self.bits))


def widths(count, short):
    """Lengths of a complete code of ``count`` words, the first of them one bit shorter."""
    bits = count.bit_length()
    first = (1 << bits) - count
    assert first >= 0
    return [bits - 1] * first + [bits] * (count - first) if short else [bits] * count


def words(lengths):
    """The words of a canonical code."""
    code, found = 0, {}
    for length in range(1, 16):
        for symbol, own in enumerate(lengths):
            if own == length:
                found[symbol] = (code, length)
                code += 1
        code <<= 1
    return found


def parse(data, farthest=1 << 20):
    """A greedy LZ77: bytes and (length, distance)."""
    seen, at = {}, 0
    while at < len(data):
        key = data[at : at + 4]
        before = seen.get(key, -1)
        seen[key] = at
        length = 0
        if before >= 0 and len(key) == 4 and at - before < farthest:
            while length < 250 and at + length < len(data) and data[before + length] == data[at + length]:
                length += 1
        if length >= 8:
            yield length, at - before
            at += length
        else:
            yield data[at]
            at += 1


def slot_of(value, table_):
    slot = max(index for index, (base, _) in enumerate(table_) if base <= value)
    return slot, value - table_[slot][0], table_[slot][1]


LENGTHS5 = [(slot, 0) for slot in range(8)] + [((4 + s) << b, b) for b in range(1, 10) for s in range(4)]
DISTANCES5 = [(slot, 0) for slot in range(4)] + [((2 + s) << b, b) for b in range(1, 30) for s in range(2)]


def pack5(data, *, filters=(), blocks=1, again=False):
    """Pack as RAR 5 does, with flat codes; ``filters`` are (start, length, kind, channels)."""
    sets = [widths(306, True), [6] * 64, [4] * 16, widths(44, True)]
    main, far, low, repeat = map(words, sets)
    tokens = list(parse(data))
    out, old, last = b"", [0] * 4, 0
    step = -(-len(tokens) // blocks)
    for first in range(0, max(len(tokens), 1), max(step, 1)):
        writer = Writer()
        if not first:
            for one in [4] * 12 + [5] * 8:
                writer.put(one, 4)
            code = words([4] * 12 + [5] * 8)
            for one in chain(*sets):
                writer.put(*code[one])
            for start, length, kind, channels in filters:
                writer.put(*main[256])
                for value in (start, length):
                    writer.put(3, 2)
                    for byte in struct.pack("<I", value):
                        writer.put(byte, 8)
                writer.put(kind, 3)
                if kind == 0:
                    writer.put(channels - 1, 5)
        for token in tokens[first : first + step]:
            if isinstance(token, int):
                writer.put(*main[token])
                continue
            length, distance = token
            if distance == old[0] and length == last:
                writer.put(*main[257])
                continue
            if distance in old:
                index = old.index(distance)
                old.insert(0, old.pop(index))
                writer.put(*main[258 + index])
                slot, rest, bits = slot_of(length - 2, LENGTHS5)
                writer.put(*repeat[slot])
                writer.put(rest, bits)
                last = length
                continue
            last = length
            short = length - (distance > 0x100) - (distance > 0x2000) - (distance > 0x40000)
            slot, rest, bits = slot_of(short - 2, LENGTHS5)
            writer.put(*main[262 + slot])
            writer.put(rest, bits)
            slot, rest, bits = slot_of(distance - 1, DISTANCES5)
            writer.put(*far[slot])
            if bits >= 4:
                writer.put(rest >> 4, bits - 4)
                writer.put(*low[rest & 15])
            else:
                writer.put(rest, bits)
            old = [distance, *old[:3]]
        raw, bits = writer.bytes()
        final = first + step >= len(tokens)
        flags = ((bits - 1) & 7) | 2 << 3 | (0x80 if not first else 0) | (0x40 if final else 0)
        size = struct.pack("<I", len(raw))[:3]
        out += bytes([flags, 0x5A ^ flags ^ size[0] ^ size[1] ^ size[2]]) + size + raw
    return out


def pack3(data, *, prefix=lambda writer, main: None):
    """Pack as RAR 3 does, with flat codes."""
    sets = [widths(299, True), widths(60, True), widths(17, True), widths(28, True)]
    main, far, low, repeat = map(words, sets)
    writer = Writer()
    writer.put(0, 2)
    for one in [4] * 12 + [5] * 8:
        writer.put(one, 4)
    code = words([4] * 12 + [5] * 8)
    for one in chain(*sets):
        writer.put(*code[one])
    prefix(writer, main)
    old, last = [0] * 4, 0
    for token in parse(data):
        if isinstance(token, int):
            writer.put(*main[token])
            continue
        length, distance = token
        if (distance, length) == (old[0], last):
            writer.put(*main[258])
            continue
        last = length
        if distance in old:
            index = old.index(distance)
            old.insert(0, old.pop(index))
            writer.put(*main[259 + index])
            slot, rest, bits = slot_of(length - 2, LENGTHS3)
            writer.put(*repeat[slot])
            writer.put(rest, bits)
            continue
        short = length - (distance >= 0x2000) - (distance >= 0x40000)
        slot, rest, bits = slot_of(short - 3, LENGTHS3)
        writer.put(*main[271 + slot])
        writer.put(rest, bits)
        slot, rest, bits = slot_of(distance - 1, DISTANCES3)
        writer.put(*far[slot])
        if slot > 9:
            writer.put(rest >> 4, bits - 4)
            writer.put(*low[rest & 15])
        else:
            writer.put(rest, bits)
        old = [distance, *old[:3]]
    writer.put(*main[256])
    writer.put(1, 2)  # the member ends, and the next begins with code lengths
    return writer.bytes()[0]


def vint(value):
    out = b""
    while value > 127:
        out += bytes([value & 127 | 128])
        value >>= 7
    return out + bytes([value])


def block5(kind, flags, fields, extra=b"", data=b"", key=None):
    body = vint(kind) + vint(flags | bool(extra) | (2 if data else 0))
    body += (vint(len(extra)) if extra else b"") + (vint(len(data)) if data else b"") + fields + extra
    whole = vint(len(body)) + body
    whole = struct.pack("<I", zlib.crc32(whole)) + whole
    if key:
        whole += bytes(-len(whole) % 16)
        whole = IV + AES.new(key, AES.MODE_CBC, iv=IV).encrypt(whole)
    return whole + data


def record(kind, data):
    return vint(len(vint(kind) + data)) + vint(kind) + data


def keys5(password, power=4):
    raw = password.encode()
    key, mac, check = (pbkdf2_hmac("sha256", raw, SALT, (1 << power) + more) for more in (0, 16, 32))
    folded = bytes(check[i] ^ check[i + 8] ^ check[i + 16] ^ check[i + 24] for i in range(8))
    return key, mac, folded + sha256(folded).digest()[:4]


def file5(
    name,
    data,
    *,
    packed=None,
    method=0,
    password=None,
    flags=0,
    solid=False,
    extra=b"",
    kind=2,
    key=None,
    size=None,
    hashed=False,
    check=True,
):
    body = data if packed is None else packed
    crc = zlib.crc32(data)
    if password is not None:
        secret, mac, proof = keys5(password)
        body = AES.new(secret, AES.MODE_CBC, iv=IV).encrypt(body + bytes(-len(body) % 16))
        extra += record(1, b"\0" + vint(3 if check else 2) + b"\4" + SALT + IV + (proof if check else b""))
        crc = keyed_crc(crc, mac)
    if hashed:
        digest = blake2sp(data)
        extra += record(2, b"\0" + (hmac.new(mac, digest, sha256).digest() if password is not None else digest))
    fields = vint(4 if not hashed else 0) + vint(len(data) if size is None else size) + vint(0x20)
    fields += b"" if hashed else struct.pack("<I", crc)
    fields += vint(method << 7 | solid << 6) + b"\0" + vint(len(name.encode())) + name.encode()
    return block5(kind, flags, fields, extra, body, key)


def rar5(*blocks, main=b"\0", password=None):
    key, head = None, b""
    if password is not None:
        key, _, proof = keys5(password)
        head = block5(4, 0, b"\0\1\4" + SALT + proof)
    blocks = [one(key) if callable(one) else one for one in blocks]
    return MAGIC5 + head + block5(1, 0, main, key=key) + b"".join(blocks) + block5(5, 0, b"\0", key=key)


def block4(kind, flags, fields, data=b"", key=None, iv=b""):
    head = struct.pack("<BHH", kind, flags, 7 + len(fields)) + fields
    head = struct.pack("<H", zlib.crc32(head) & 0xFFFF) + head
    if key:
        head = SALT[:8] + AES.new(key, AES.MODE_CBC, iv=iv).encrypt(head + bytes(-len(head) % 16))
    return head + data


def file4(
    name,
    data,
    *,
    packed=None,
    method=0,
    password=None,
    flags=0,
    version=29,
    kind=0x74,
    extra=b"",
    head=(None, b""),
    system=2,
    attributes=0x20,
):
    body = data if packed is None else packed
    if password is not None:
        secret, iv = rar3_key(password.encode("utf-16-le") + SALT[:8])
        body = AES.new(secret, AES.MODE_CBC, iv=iv).encrypt(body + bytes(-len(body) % 16))
        flags |= 0x404
        extra = SALT[:8] + extra
    raw = name if isinstance(name, bytes) else name.encode("ascii")
    fields = struct.pack(
        "<IIBIIBBHI",
        len(body),
        len(data),
        system,
        zlib.crc32(data),
        0x54990000,
        version,
        0x30 + method,
        len(raw),
        attributes,
    )
    return block4(kind, flags | 0x8000, fields + raw + extra, body, *head)


def rar4(*blocks, flags=0, password=None):
    head = rar3_key(password.encode("utf-16-le") + SALT[:8]) if password is not None else (None, b"")
    blocks = [one(head) if callable(one) else one for one in blocks]
    body = block4(0x73, flags | (0x80 if password is not None else 0), bytes(6)) + b"".join(blocks)
    return MAGIC4 + body + block4(0x7B, 0x4000, b"", b"", *head)


def read(data, passwords=(), name="a.rar"):
    declared = load()["rar"].features
    features, children, error = {}, [], None
    try:
        for one in analyze(Artifact(name, data, name, passwords=passwords)):
            if isinstance(one, Feature):
                assert one.name in declared
                features.setdefault(one.name, []).append(one.value)
            else:
                children.append(one)
    except (MalformedError, LimitError) as raised:
        error = raised
    return features, {child.name: child for child in children}, error


@pytest.mark.parametrize(
    ("data", "method"),
    [
        (rar5(file5("請求書.txt", TEXT)), "store"),
        (rar5(file5("請求書.txt", TEXT, packed=pack5(TEXT), method=3)), "rar5-normal"),
        (rar5(file5("請求書.txt", TEXT, packed=pack5(TEXT, blocks=5), method=5)), "rar5-best"),
        (rar5(file5("請求書.txt", TEXT, hashed=True)), "store"),
        (rar4(file4("請求書.txt".encode("cp932"), TEXT)), "store"),
        (rar4(file4("請求書.txt".encode("cp932"), TEXT, packed=pack3(TEXT), method=3)), "rar3-normal"),
        (
            rar4(file4(b"x.txt\0\x8a\xff\xcb\x6c\x42\x6c\xf8\x66\x0e\x2e" + b"\x55" + b"t\0x\0t\0", TEXT, flags=0x200)),
            "store",
        ),
    ],
)
def test_a_member_of_either_generation(data, method):
    features, children, error = read(data)
    assert error is None
    assert features["archive.members"] == [1]
    assert features["archive.method"] == [method]
    assert features["archive.encrypted"] == [False]
    assert "archive.crc_mismatch" not in features
    (child,) = children.values()
    assert child.data == TEXT
    assert child.relation == "member"


def test_names_of_rar_4():
    wide = b"abc.txt\0" + b"\x8a" + b"\x00abc" + b".txt"[:1] + b"\x00txt"
    for raw, flags, name in (
        (b"a\\b.lnk", 0, "a\\b.lnk"),
        (b"abc\0", 0x200, "abc"),
        ("é.lnk".encode(), 0x200, "é.lnk"),
        (b"__.lnk\0\x30" + b"\x50ab\xc0\x02", 0x200, "慡げ.lnk"[:0] or None),
        (wide, 0x200, "abc.txt"),
    ):
        features, _, _ = read(rar4(file4(raw, b"x", flags=flags)))
        if name is not None:
            assert features["archive.member"] == [name]


@pytest.mark.parametrize("check", [True, False])
@pytest.mark.parametrize("method", [0, 3])
def test_encrypted_members_of_rar_5(method, check):
    packed = pack5(TEXT) if method else None
    data = rar5(file5("a.lnk", TEXT, packed=packed, method=method, password="パス", check=check))
    features, children, error = read(data, ("wrong", "パス"))
    assert error is None
    assert (features["archive.encryption"], features["archive.password"]) == (["aes-256"], ["パス"])
    assert children["a.lnk"].data == TEXT
    assert children["a.lnk"].passwords[0] == "パス"
    features, children, error = read(data, ("wrong",))
    assert error is None
    assert features["archive.member"] == ["a.lnk"]
    assert children["a.lnk"].unscanned.startswith("encrypted: no password found")
    assert "archive.password" not in features


def test_blake2_of_an_encrypted_member():
    data = rar5(file5("a", TEXT, password="infected", hashed=True, check=False))
    assert read(data)[1]["a"].data == TEXT


@pytest.mark.parametrize("method", [0, 3])
def test_encrypted_members_of_rar_4(method):
    packed = pack3(TEXT) if method else None
    data = rar4(file4("a.js", TEXT, packed=packed, method=method, password="秘密"))
    features, children, error = read(data, ("wrong", "秘密"))
    assert error is None
    assert (features["archive.encryption"], features["archive.password"]) == (["aes-128"], ["秘密"])
    assert children["a.js"].data == TEXT
    assert read(data)[1]["a.js"].unscanned.startswith("encrypted: no password found")


@pytest.mark.parametrize(
    "data",
    [
        rar5(lambda key: file5("hidden.exe", TEXT, password="secret", key=key), password="secret"),
        rar4(lambda head: file4("hidden.exe", TEXT, password="secret", head=head), password="secret"),
    ],
)
def test_encrypted_names(data):
    features, children, error = read(data, ("secret",))
    assert error is None
    assert features["archive.header_encrypted"] == [True]
    assert features["archive.member"] == ["hidden.exe"]
    assert children["hidden.exe"].data == TEXT
    features, children, error = read(data, ("wrong",))
    assert error is None
    assert features == {"archive.header_encrypted": [True], "archive.encrypted": [True]}
    assert children["encrypted names"].unscanned.startswith("encrypted: no password found")


@pytest.mark.parametrize("kind", [1, 2])
def test_filters_of_programs(kind):
    """The packer stores absolute addresses, the filter makes them relative."""
    packed, at = bytearray(CODE), 0
    while at + 5 <= len(packed):
        if packed[at] == 0xE8 or (packed[at] == 0xE9 and kind == 2):
            relative = struct.unpack_from("<i", packed, at + 1)[0]
            absolute = relative + at + 1
            if 0 <= absolute < 0x1000000:
                struct.pack_into("<i", packed, at + 1, absolute)
            at += 4
        at += 1
    stream = pack5(bytes(packed), filters=[(0, len(CODE), kind, 0)])
    _, children, error = read(rar5(file5("a.exe", CODE, packed=stream, method=3)))
    assert error is None
    assert children["a.exe"].data == CODE


def test_delta_and_arm_filters():
    samples = bytes((one * 7 + one // 3) & 0xFF for one in range(900))
    split = b"".join(
        bytes((before - byte) & 0xFF for before, byte in zip(b"\0" + samples[c::3], samples[c::3], strict=False))
        for c in range(3)
    )
    assert delta(split, 0, 3) == samples
    arm = b"".join(struct.pack("<I", 0xEB000000 | one) for one in range(50))
    moved = b"".join(struct.pack("<I", 0xEB000000 | one + at) for at, one in enumerate(range(50)))
    data = split + moved
    stream = pack5(data, filters=[(0, 900, 0, 3), (900, 200, 3, 0)])
    # ARM offsets count from the start of the file, in words.
    plain = samples + b"".join(
        struct.pack("<I", 0xEB000000 | (one + at - 225 - at) & 0xFFFFFF) for at, one in enumerate(range(50))
    )
    features, children, error = read(rar5(file5("a", plain, packed=stream, method=3)))
    assert error is None
    assert children["a"].data == plain
    assert "archive.crc_mismatch" not in features
    assert arm


def test_filters_of_rar_3_are_known_by_their_checksum(monkeypatch):
    program = b"\0 stands for the program of the call filter"
    monkeypatch.setitem(_rar3_unpack._PROGRAMS, (len(program), zlib.crc32(program)), _rar3_unpack.e8_rar3)
    packed, at = bytearray(CODE), 0
    while at + 5 <= len(packed):
        if packed[at] == 0xE8:
            absolute = struct.unpack_from("<i", packed, at + 1)[0] + at + 1
            if 0 <= absolute < 0x1000000:
                struct.pack_into("<i", packed, at + 1, absolute)
            at += 4
        at += 1

    def prefix(writer, main):
        code = Writer()
        code.put(2, 2)
        code.put(1, 16)  # the first program
        code.put(0, 2)
        code.put(0, 4)  # starts here
        code.put(2, 2)
        code.put(len(CODE), 16)
        code.put(2, 2)
        code.put(len(program), 16)
        for byte in program:
            code.put(byte, 8)
        raw, _ = code.bytes()
        writer.put(*main[257])
        writer.put(0x80 | 0x20 | 7, 8)
        writer.put(len(raw), 16)
        for byte in raw:
            writer.put(byte, 8)

    stream = pack3(bytes(packed), prefix=prefix)
    _, children, error = read(rar4(file4("a.exe", CODE, packed=stream, method=3)))
    assert error is None
    assert children["a.exe"].data == CODE
    monkeypatch.undo()
    _, children, error = read(rar4(file4("a.exe", CODE, packed=stream, method=3)))
    assert "is not read" in error.what


@pytest.mark.parametrize("version", [4, 5])
def test_solid_members_go_on_from_each_other(version):
    both = TEXT + TEXT
    if version == 5:  # the second member is packed as a match far back, alone
        writer = pack5(both)
        data = rar5(
            file5("a", both, packed=writer, method=3),
            file5("b", TEXT[:500], packed=pack5(TEXT[:500]), method=3, solid=True),
        )
    else:
        data = rar4(
            file4("a", both, packed=pack3(both), method=3),
            file4("b", TEXT[:500], packed=pack3(TEXT[:500]), method=3, flags=0x10),
        )
    _, children, error = read(data)
    assert error is None
    assert (children["a"].data, children["b"].data) == (both, TEXT[:500])


def test_a_solid_member_behind_a_broken_one_is_named():
    broken = bytearray(pack5(TEXT))
    broken[1] ^= 1
    data = rar5(
        file5("a", TEXT, packed=bytes(broken), method=3),
        file5("b", TEXT, packed=pack5(TEXT), method=3, solid=True),
        file5("c", b"stored"),
    )
    _, children, error = read(data)
    assert isinstance(error, MalformedError)
    assert children["b"].unscanned == "solid, and broken before it"
    assert children["c"].data == b"stored"


def test_a_comment_and_a_stream_that_climbs_out():
    stream = record(7, b":..\\..\\Startup\\updater.lnk")
    data = rar5(
        file5("CMT", b"see attached\0", kind=3),
        file5("cv.pdf", b"%PDF-"),
        file5("STM", b"shortcut", kind=3, extra=stream),
    )
    features, children, error = read(data)
    assert error is None
    assert features["archive.comment"] == ["see attached"]
    name = "cv.pdf:..\\..\\Startup\\updater.lnk"
    assert features["archive.stream"] == [name]
    assert features["archive.traversal"] == [name]
    assert children[name].data == b"shortcut"


def test_links_and_names_that_leave_the_folder():
    link = record(5, b"\1\0" + vint(5) + b"../up")
    data = rar5(
        file5("up", b"", extra=link),
        file5("..\\x.lnk", b"x"),
        file5("cv.pdf ", b"%PDF"),
        file5("cv.pdf /cv.pdf .cmd", b"echo"),
    )
    features, _, error = read(data)
    assert error is None
    assert features["archive.link"] == ["up -> ../up"]
    assert features["archive.traversal"] == ["..\\x.lnk"]
    assert features["archive.folder_as_file"] == ["cv.pdf"]
    features, _, _ = read(rar4(file4("up", b"/etc/passwd", system=3, attributes=0xA1FF)))
    assert features["archive.link"] == ["up -> /etc/passwd"]


@pytest.mark.parametrize(
    "data", [rar5(file5("a", TEXT, flags=0x10), main=b"\3\2"), rar4(file4("a", TEXT, flags=2), flags=1)]
)
def test_volumes_are_named(data):
    features, children, error = read(data)
    assert features["archive.volume"] in ([2], [0])
    assert "another volume" in error.what
    assert "another volume" in children["a"].unscanned


@pytest.mark.parametrize("inner", [rar5(file5("a", TEXT)), rar4(file4("a", TEXT))])
def test_an_archive_behind_a_program(inner):
    data = b"MZ" + bytes(99) + MAGIC4 + b"no header" + MAGIC5 + b"nor here" + bytes(99) + inner + b"tail"
    assert start_of(data) == data.index(inner)
    features, children, error = read(data)
    assert error is None
    assert features["archive.prefix_bytes"] == [data.index(inner)]
    assert features["archive.trailing_bytes"] == [4]
    assert children["a"].data == TEXT
    assert start_of(b"MZ" + MAGIC5) == -1
    assert start_of(b"\xff\xd8\xff" + inner) == -1
    assert start_of(b"\xff\xd8\xff" + inner, "a.RAR") == 3


def test_what_is_not_read_is_named():
    for data, reason in (
        (rar4(file4("a", TEXT, method=3, version=20)), "compression of RAR 2.0 is not read"),
        (rar4(file4("a", TEXT, flags=4, version=20)), "encrypted: cipher rar-2.0 is not read"),
        (rar4(file4("a", TEXT, packed=b"\x80" * 50, method=3)), "compression method ppmd is not read"),
    ):
        _, children, error = read(data)
        assert isinstance(error, MalformedError)
        assert children["a"].unscanned == reason


def test_a_wrong_checksum_is_told():
    features, children, _ = read(rar5(file5("a", TEXT, packed=TEXT[:-1] + b"?")))
    assert features["archive.crc_mismatch"] == ["a"]
    assert len(children["a"].data) == len(TEXT)


def test_bombs_are_named():
    zeros = bytes(60 * MIB)
    run = pack5(bytes(4_000))
    for data in (
        rar5(file5("bomb", b"", packed=zeros, size=len(zeros)), file5("b", b"next")),
        rar5(file5("bomb", b"", packed=run, method=3, size=1 << 40), file5("b", b"next")),
        rar5(file5("bomb", b"", packed=b"x", size=1 << 62), file5("b", b"next")),
    ):
        _, children, error = read(data)
        assert error is not None
        assert children["bomb"].data == b""
        assert children["bomb"].unscanned
        assert children["b"].data == b"next"


def test_matches_without_end_stop_at_the_limit():
    """Each block is 3 bytes of codes and says: once more, as long as can be."""
    sets = [widths(306, True), [6] * 64, [4] * 16, widths(44, True)]
    main, far, low, _ = map(words, sets)
    writer = Writer()
    for one in [4] * 12 + [5] * 8:
        writer.put(one, 4)
    code = words([4] * 12 + [5] * 8)
    for one in chain(*sets):
        writer.put(*code[one])
    writer.put(*main[0])
    writer.put(*main[262 + 43])
    writer.put(511, 9)
    writer.put(*far[0])
    for _ in range(20_000):
        writer.put(*main[257])
    raw, bits = writer.bytes()
    flags = ((bits - 1) & 7) | 2 << 3 | 0xC0
    size = struct.pack("<I", len(raw))[:3]
    packed = bytes([flags, 0x5A ^ flags ^ size[0] ^ size[1] ^ size[2]]) + size + raw
    _, children, error = read(rar5(file5("bomb", b"", packed=packed, method=3, size=80 * MIB), file5("b", b"next")))
    assert error.limit == "member_bytes"
    assert children["b"].data == b"next"
    assert low


def test_codes_with_too_many_words_are_refused():
    with pytest.raises(MalformedError):
        table([1, 1, 1])
    assert table([0, 0])[0] == -1


def test_only_foreseen_errors_come_out_of_broken_archives():
    dice = random.Random(9)
    small = TEXT[:900]
    seeds = [
        rar5(
            file5("a", small, packed=pack5(small), method=3),
            file5("b", small[:50], packed=pack5(small[:50]), method=3, solid=True),
        ),
        rar5(file5("a", CODE, packed=pack5(CODE, filters=[(0, 500, 2, 0), (9, 90, 0, 2)]), method=3)),
        rar5(file5("CMT", b"text\0", kind=3), file5("STM", b"x", kind=3, extra=record(7, b":s"))),
        rar4(
            file4("a", small, packed=pack3(small), method=3),
            file4("b", small, packed=pack3(small), method=3, flags=0x10),
        ),
        rar4(file4(b"abc\0\x8a\x55abcd", small, flags=0x200)),
    ]
    for _ in range(300):
        data = bytearray(dice.choice(seeds))
        for _ in range(dice.randrange(1, 4)):
            data[dice.randrange(8, len(data))] = dice.choice((0, 1, 0x7F, 0xFF, dice.randrange(256)))
        if dice.random() < 0.7:
            _mend(data)
        read(bytes(data[: dice.randrange(8, len(data) + 1)]) if dice.random() < 0.2 else bytes(data))


def _mend(data):
    """Put the right checksum on the headers, so that what is broken in them is read."""
    at = 8 if data.startswith(MAGIC5) else 7
    for _ in range(9):
        if at + 7 > len(data):
            return
        if data.startswith(MAGIC5):
            size = data[at + 4]
            if size > 127:
                return
            struct.pack_into("<I", data, at, zlib.crc32(data[at + 4 : at + 5 + size]))
            at += 5 + size
        else:
            size = max(7, struct.unpack_from("<H", data, at + 5)[0])
            struct.pack_into("<H", data, at, zlib.crc32(data[at + 2 : at + size]) & 0xFFFF)
            at += size


def test_only_foreseen_errors_come_out_of_broken_ciphers():
    dice = random.Random(10)
    seeds = [
        rar5(lambda key: file5("a", TEXT[:99], password="secret", key=key), password="secret"),
        rar4(lambda head: file4("a", TEXT[:99], password="secret", head=head), password="secret"),
        rar4(file4("a", TEXT[:99], packed=pack3(TEXT[:99]), method=3, password="secret")),
    ]
    for _ in range(40):
        data = bytearray(dice.choice(seeds))
        data[dice.randrange(20, len(data))] ^= 1 << dice.randrange(8)
        read(bytes(data), ("secret",))
