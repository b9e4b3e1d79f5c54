"""Windows programs that do nothing: headers and tables around empty code."""

import base64
import hashlib
import io
import random
import struct
import zipfile

import pytest

from sekisho.analyzers import _pe_image
from sekisho.analyzers._pe_icon import shows_document
from sekisho.analyzers.pe import _recognise as recognise
from sekisho.analyzers.pe import analyze, entropy
from sekisho.model.artifact import Artifact, Feature
from sekisho.model.errors import LimitError, MalformedError

CODE, DATA, RSRC = 0x60000020, 0x40000040, 0x40000040
STAMP = 1_700_000_000
IMPORTS = {"KERNEL32.dll": ["LoadLibraryA", "ExitProcess"], "WS2_32.dll": [115, 999], "OLEAUT32.dll": [2]}

CERTIFICATES = base64.b64decode(
    "gAQAAAACAgAwggRwBgkqhkiG9w0BBwKgggRhMIIEXQIBATEPMA0GCWCGSAFlAwQCAQUAMHkGCisGAQQBgjcCAQSgazBpMDQGCisGAQQBgjcCAQ"
    "8wJgMCB4CgIKIegBwAPAA8ADwATwBiAHMAbwBsAGUAdABlAD4APgA+MDEwDQYJYIZIAWUDBAIBBQAEIOpvez/eWpL0R43JEyy07gv14lxOSr6t"
    "xOfU6F4uKN3RoIICRjCCAkIwggGroAMCAQICFD0kmFvVMUu+bcMdyNaQL3HGfZzlMA0GCSqGSIb3DQEBCwUAMDMxGDAWBgNVBAoMD0V4YW1wbG"
    "UgVHJhZGluZzEXMBUGA1UEAwwORXhhbXBsZSBTaWduZXIwHhcNMjYxMTI4MDcwNDU3WhcNMzYxMTI1MDcwNDU3WjAzMRgwFgYDVQQKDA9FeGFt"
    "cGxlIFRyYWRpbmcxFzAVBgNVBAMMDkV4YW1wbGUgU2lnbmVyMIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQCoWFH1PG2ma+kBYexcBJAi9B"
    "XEmK0xKSkRAAFbL25XNto3C6EJyJmpevkQUlsuvxyS6YN6Po/K0bIQUgOXHOaXCG713hX0BOTseumC3PRxdIEGZLo5OhxPli1okZqBwKiygdzC"
    "qQ12FOTVlHOHldRucpMv4bCBsFWNpBRA3wxUEQIDAQABo1MwUTAdBgNVHQ4EFgQUZG54wltd7gusgYSH7mBZ89RwbPwwHwYDVR0jBBgwFoAUZG"
    "54wltd7gusgYSH7mBZ89RwbPwwDwYDVR0TAQH/BAUwAwEB/zANBgkqhkiG9w0BAQsFAAOBgQClFwjUlQdiTE2wW76oRQLD+qQv1sRgnQ0HzIUf"
    "CjdJd0u05DZLDAucs1/hBkuS7uqivcLAblVQ6tl5cOAGgcS86gvLH5r1KfabQRdlMNWZNOdsYvmVi1QYSQoQaoTeC8b0Or1CVvNt1AkAB0lNyf"
    "aB2EVCytw5r/FAKin1zTFMFjGCAYAwggF8AgEBMEswMzEYMBYGA1UECgwPRXhhbXBsZSBUcmFkaW5nMRcwFQYDVQQDDA5FeGFtcGxlIFNpZ25l"
    "cgIUPSSYW9UxS75twx3I1pAvccZ9nOUwDQYJYIZIAWUDBAIBBQCggYgwGQYJKoZIhvcNAQkDMQwGCisGAQQBgjcCAQQwHAYJKoZIhvcNAQkFMQ"
    "8XDTI2MTEyODA3MDQ1OFowHAYKKwYBBAGCNwIBCzEOMAwGCisGAQQBgjcCARUwLwYJKoZIhvcNAQkEMSIEII+MSgCGsbxjGvFxmURL462KFWZI"
    "ft1pumK6dJIk+oXVMA0GCSqGSIb3DQEBAQUABIGAGmZrfkevPrX63OfyuNApcJBiX5GQqG31p7ZkHMIefNC6L2dkL6ORcV9Kc6p2agd6OG7Mpu"
    "15p0Xb9o8f9YhDRwoxd5rTyrrJbDisZ6nkvMoI8lj4BihfJ5Mj8a/Y+ktyCCOmdH4XztcXfHErh/kDyJUTBXJwQ3vdHd5Kz2sdekEAAAAA"
)
"""Table that osslsigncode 2.9 made for :func:`program` with these imports, by a key made for it and thrown away."""


def wide(text):
    return text.encode("utf-16-le") + b"\0\0"


def pad(data, to):
    return data + bytes(-len(data) % to)


class Room:
    """Bytes of one section, put down piece by piece."""

    def __init__(self, rva):
        self.rva, self.data = rva, bytearray()

    def put(self, piece):
        self.data.extend(bytes(-len(self.data) % 8))
        at = self.rva + len(self.data)
        self.data.extend(piece)
        return at


def import_table(room, imports, is_wide):
    width, flag = (8, 1 << 63) if is_wide else (4, 1 << 31)
    rows = b""
    for library, symbols in imports.items():
        values = [flag | one if isinstance(one, int) else room.put(b"\0\0" + one.encode() + b"\0") for one in symbols]
        lookup = room.put(b"".join(one.to_bytes(width, "little") for one in [*values, 0]))
        rows += struct.pack("<IIIII", lookup, 0, 0, room.put(library.encode() + b"\0"), lookup)
    return room.put(rows + bytes(20)), len(rows)


def export_table(room, library, names, stamp=0):
    places = b"".join(struct.pack("<I", room.put(name.encode() + b"\0")) for name in names)
    numbers = b"".join(struct.pack("<H", number) for number in range(len(names)))
    rows = room.put(bytes(4 * len(names))), room.put(places), room.put(numbers)
    title = room.put(library.encode() + b"\0")
    return room.put(struct.pack("<IIHHIIIIIII", 0, stamp, 0, 0, title, 1, len(names), len(names), *rows)), 40


def block(key, value=b"", children=b"", kind=1):
    count = len(value) // 2 if kind else len(value)
    body = pad(bytes(6) + wide(key), 4) + value
    body = pad(body, 4) + children if children else body
    return pad(struct.pack("<HHH", len(body), count, kind) + body[6:], 4)


def version_info(**strings):
    rows = b"".join(block(key, wide(value)) for key, value in strings.items())
    return block("VS_VERSION_INFO", bytes(52), block("StringFileInfo", b"", block("040904b0", b"", rows)), kind=0)


def resource_tree(room, leaves):
    """Leaves are (type, name, bytes)."""
    root, rows, deeper = room.put(b""), [], []
    base = len(room.data)
    room.data.extend(bytes(16 + 8 * len(leaves) + 56 * len(leaves)))
    for number, (kind, name, data) in enumerate(leaves):
        at = room.put(data)
        start = 16 + 8 * len(leaves) + 56 * number
        rows.append(struct.pack("<II", kind, start | 1 << 31))
        second = struct.pack("<IIHHHH", 0, 0, 0, 0, 0, 1) + struct.pack("<II", name, start + 24)
        deeper.append(second + struct.pack("<IIII", at, len(data), 0, 0) + bytes(16))
    tree = struct.pack("<IIHHHH", 0, 0, 0, 0, 0, len(leaves)) + b"".join(rows) + b"".join(deeper)
    room.data[base : base + len(tree)] = tree
    return root, len(tree)


def program(
    *, imports=None, exports=None, resources=(), pdb="", is_wide=True, is_dll=False, stamp=STAMP, names=(".text", ".rdata"),
    code=b"\xc3", flags=CODE, rich=b"", debug_stamp=None, repro=False, subsystem=2,
):  # fmt: skip
    room = Room(0x2000)
    directories = [(0, 0)] * 16
    if imports:
        directories[1] = import_table(room, imports, is_wide)
    if exports:
        directories[0] = export_table(room, *exports)
    if resources:
        directories[2] = resource_tree(room, resources)
    debug = b""
    head = 0x400
    if pdb or repro:
        record = b"RSDS" + bytes(20) + pdb.encode() + b"\0"
        at = room.put(record)
        where = head + 0x200 + at - 0x2000
        when = stamp if debug_stamp is None else debug_stamp
        debug = struct.pack("<IIHHIIII", 0, when, 0, 0, 2, len(record), at, where)
        debug += struct.pack("<IIHHIIII", 0, when, 0, 0, 16, 0, 0, 0) if repro else b""
        directories[6] = (room.put(debug), len(debug))
    body = pad(bytes(room.data) or b"\0", 0x200)
    optional = struct.pack("<HBBIIIII", 0x20B if is_wide else 0x10B, 14, 0, 0x200, 0, 0, 0x1000, 0x1000)
    optional += (
        struct.pack("<QII", 0x140000000, 0x1000, 0x200) if is_wide else struct.pack("<IIII", 0, 0x400000, 0x1000, 0x200)
    )
    optional += struct.pack("<HHHHHHIIIIHH", 6, 0, 0, 0, 6, 0, 0, 0x4000, head, 0, subsystem, 0)
    optional += bytes(32 if is_wide else 16) + struct.pack("<II", 0, 16)
    optional += b"".join(struct.pack("<II", *one) for one in directories)
    sections = struct.pack("<8sIIIIIIHHI", names[0].encode(), 0x1000, 0x1000, 0x200, head, 0, 0, 0, 0, flags)
    sections += struct.pack(
        "<8sIIIIIIHHI", names[1].encode(), len(body), 0x2000, len(body), head + 0x200, 0, 0, 0, 0, DATA
    )
    stub = pad(b"MZ" + bytes(58) + struct.pack("<I", 0) + b"This program cannot be run in DOS mode.\r\r\n$", 16)
    stub = pad(stub + rich, 8)
    stub = stub[:60] + struct.pack("<I", len(stub)) + stub[64:]
    kind = 0x22 | (0x2000 if is_dll else 0)
    coff = struct.pack("<HHIIIHH", 0x8664 if is_wide else 0x14C, 2, stamp, 0, 0, len(optional), kind)
    header = stub + b"PE\0\0" + coff + optional + sections
    assert len(header) <= head
    return pad(header, head) + pad(code, 0x200)[:0x200] + body


def signed():
    data = bytearray(program(imports=IMPORTS))
    entry = _pe_image.read_image(bytes(data)).directory_at + 32
    data[entry : entry + 8] = struct.pack("<II", len(data), len(CERTIFICATES))
    return bytes(data) + CERTIFICATES


def read(data, name="a.exe"):
    features, children, error = {}, [], None
    try:
        for one in analyze(Artifact(name, data, name)):
            if isinstance(one, Feature):
                features.setdefault(one.name, []).append(one.value)
            else:
                children.append(one)
    except (MalformedError, LimitError) as raised:
        error = raised
    return features, children, error


@pytest.mark.parametrize(("is_wide", "machine"), [(True, "x64"), (False, "x86")])
def test_header_imports_and_times(is_wide, machine):
    data = program(imports=IMPORTS, is_wide=is_wide, pdb="C:\\build\\loader.pdb")
    features, children, error = read(data)
    assert error is None
    assert children == []
    assert features["pe.machine"] == [machine]
    assert features["pe.kind"] == ["exe"]
    assert features["pe.subsystem"] == ["gui"]
    assert features["pe.compiled_at"] == ["2023-11-14T22:13:20+00:00"]
    assert features["pe.debug_at"] == features["pe.compiled_at"]
    assert features["pe.pdb"] == ["C:\\build\\loader.pdb"]
    assert features["pe.section"] == [".text", ".rdata"]
    assert features["pe.import"] == list(IMPORTS)
    assert features["pe.imports"] == [5]
    expected = "kernel32.loadlibrarya,kernel32.exitprocess,ws2_32.wsastartup,ws2_32.ord999,oleaut32.sysallocstring"
    assert features["pe.imphash"] == [hashlib.md5(expected.encode(), usedforsecurity=False).hexdigest()]
    assert features["pe.signed"] == ["none"]
    assert "pe.time_flaw" not in features
    assert "pe.section_flaw" not in features


def test_a_library_and_its_exports():
    data = program(exports=("real.dll", ["DllRegisterServer", "Run"], 5), is_dll=True)
    features, _, _ = read(data, "picture.ocx")
    assert features["pe.kind"] == ["dll"]
    assert features["pe.export"] == ["DllRegisterServer", "Run"]
    assert features["pe.exports"] == [2]
    assert features["pe.export_name"] == ["real.dll"]
    assert features["pe.export_at"] == ["1970-01-01T00:00:05+00:00"]
    assert _pe_image.ordinals(_pe_image.read_image(data)) == {1: "DllRegisterServer", 2: "Run"}


def test_version_strings_and_another_name():
    strings = version_info(CompanyName="Example", OriginalFilename="setup.exe", InternalName="setup")
    data = program(resources=[(16, 1, strings)])
    features, _, _ = read(data, "invoice.exe")
    assert features["pe.company"] == ["Example"]
    assert features["pe.original_name"] == ["setup.exe"]
    assert features["pe.renamed"] == [True]
    assert read(data, "Setup.exe")[0]["pe.renamed"] == [False]


def test_files_among_the_resources_are_children():
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("a.txt", "x")
    manifest = b'<requestedExecutionLevel level="requireAdministrator"/>'
    leaves = [(10, 101, program()), (10, 102, bytes(100)), (23, 1, packed.getvalue()), (24, 1, manifest)]
    features, children, _ = read(program(resources=leaves))
    assert [(child.name, child.relation) for child in children] == [
        ("resource 10-101.exe", "embedded"),
        ("resource 23-1.zip", "embedded"),
    ]
    assert children[0].data == program()
    assert features["pe.asks_rights"] == ["requireAdministrator"]


def test_the_largest_icon_of_the_first_group():
    rows = b"".join(struct.pack("<BBBBHHIH", size, size, 0, 0, 1, 32, 9, number) for size, number in ((16, 1), (32, 2)))
    group = struct.pack("<HHH", 0, 1, 2) + rows
    features, _, _ = read(program(resources=[(3, 1, b"small" * 8), (3, 2, b"large" * 8), (14, 1, group)]))
    # Each leaf has a type directory of its own here, so both icons are found by their numbers.
    assert features["pe.icon"] == [hashlib.sha256(b"large" * 8).hexdigest()]


def icon(colour, box, depth=32, size=32):
    """A bitmap with one filled box (left, top, right, bottom), the rest transparent."""
    left, top, right, bottom = box
    rows, mask = b"", b""
    for y in range(size - 1, -1, -1):
        inside = [left <= x < right and top <= y < bottom for x in range(size)]
        if depth == 32:
            rows += b"".join(bytes([*colour, 255]) if one else bytes(4) for one in inside)
        else:
            rows += b"".join(bytes(colour) if one else bytes(3) for one in inside)
        mask += int("".join("01"[not one] for one in inside), 2).to_bytes(size // 8, "big")
    return struct.pack("<IiiHHIIiiII", 40, size, 2 * size, 1, depth, 0, 0, 0, 0, 0, 0) + rows + mask


@pytest.mark.parametrize(
    ("picture", "is_document"),
    [
        (icon((250, 250, 250), (6, 2, 26, 30)), True),
        (icon((250, 250, 250), (6, 2, 26, 30), depth=24), True),
        (icon((200, 60, 20), (6, 2, 26, 30)), False),  # upright, but blue
        (icon((250, 250, 250), (2, 6, 30, 26)), False),  # white, but wide
        (icon((250, 250, 250), (14, 2, 17, 6)), False),
        (b"\x89PNG" + bytes(80), False),
        (b"", False),
    ],
)
def test_an_icon_of_paper(picture, is_document):
    assert shows_document(picture) is is_document
    if picture:
        group = struct.pack("<HHH", 0, 1, 1) + struct.pack("<BBBBHHIH", 32, 32, 0, 0, 1, 32, len(picture), 1)
        features, _, _ = read(program(resources=[(3, 1, picture), (14, 1, group)]))
        assert features["pe.document_icon"] == [is_document]


def test_odd_sections_and_packers():
    noise = random.Random(1).randbytes(0x200)
    features, _, _ = read(program(names=("UPX0", "\x01\x02"), flags=CODE | 0x80000000, code=noise))
    assert features["pe.packer"] == ["UPX"]
    assert features["pe.section_flaw"] == ["UPX0: writable and executable", "\x01\x02: odd name"]
    assert features["pe.entropy"][0] > 7
    assert entropy(b"") == 0
    assert read(program(flags=DATA))[0]["pe.section_flaw"] == [".text: entry point in data"]


@pytest.mark.parametrize(
    ("made", "flaws"),
    [
        ({"stamp": 5}, ["before Windows NT"]),
        ({"stamp": 0x2A425E19}, None),
        ({"stamp": 0xF0000000}, ["far in the future"]),
        ({"stamp": 0xF0000000, "repro": True}, None),
        ({"pdb": "a.pdb", "debug_stamp": STAMP - 400_000}, ["differs from debug entry"]),
    ],
)
def test_impossible_times(made, flaws):
    assert read(program(**made))[0].get("pe.time_flaw") == flaws


def test_the_stamp_of_the_linker():
    key = b"\x11\x22\x33\x44"
    plain = b"DanS" + bytes(12) + struct.pack("<HHI", 30_729, 0x105, 12)
    hidden = bytes(byte ^ key[at & 3] for at, byte in enumerate(plain)) + b"Rich" + key
    data = program(rich=hidden)
    digest = hashlib.md5(plain, usedforsecurity=False).hexdigest()
    assert read(data)[0]["pe.rich_hash"] == [digest]
    assert _pe_image.rich_header(data) == (digest, [(0x105, 30_729, 12)])


def test_what_follows_is_handed_out():
    features, children, _ = read(program() + b"PK and more" * 20)
    assert features["pe.overlay_bytes"] == [220]
    assert (children[0].name, children[0].relation) == ("overlay", "overlay")
    assert read(program() + bytes(512))[1] == []


def test_who_signed_and_whether_these_bytes():
    features, children, _ = read(signed())
    assert features["pe.signed"] == ["present"]
    assert features["pe.signer"] == features["pe.signer_issuer"] == ["Example Signer"]
    assert features["pe.self_signed"] == [True]
    assert children == []  # certificates are no overlay
    changed = bytearray(signed())
    changed[0x401] ^= 1
    assert read(bytes(changed))[0]["pe.signed"] == ["digest mismatch"]
    checksum = _pe_image.read_image(signed()).checksum_at
    changed = bytearray(signed())
    changed[checksum] ^= 1  # not part of what is signed
    assert read(bytes(changed))[0]["pe.signed"] == ["present"]
    assert read(signed() + b"appended")[1][0].data == b"appended"


def test_a_signature_that_cannot_be_read():
    at = len(program(imports=IMPORTS))
    broken = signed()[: at + 12] + b"\xff" * 40 + signed()[at + 52 :]
    assert read(broken)[0]["pe.signed"] == ["unreadable"]


def test_what_is_claimed():
    assert recognise(Artifact("a", program(), "a"))
    assert recognise(Artifact("a", program()[:0x90], "a"))  # cut, but its stub says what it was
    assert not recognise(Artifact("a", b"MZ is the start of a text" * 9, "a"))
    assert isinstance(read(program()[:0x90])[2], MalformedError)


def test_only_foreseen_errors_come_out_of_broken_programs():
    dice = random.Random(7)
    seeds = [
        program(imports=IMPORTS, exports=("a.dll", ["One", "Two"]), resources=[(16, 1, version_info(CompanyName="x"))], pdb="x.pdb"),
        signed(),
    ]  # fmt: skip
    for _ in range(400):
        data = bytearray(dice.choice(seeds))
        for _ in range(dice.randrange(1, 8)):
            data[dice.randrange(0x40, len(data))] = dice.randrange(256)
        read(bytes(data[: dice.randrange(0x40, len(data) + 1)]))
