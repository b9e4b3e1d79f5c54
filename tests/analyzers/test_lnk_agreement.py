"""Every real shortcut beside the project against the JSON that another parser's authors expect of it."""

import base64
import hashlib
import json
import random
from datetime import datetime
from pathlib import Path

import pytest

from sekisho.analyzers._link_blocks import Block
from sekisho.analyzers._shell_link import Header, LinkInfo, Rest, TargetList, Text, read_link
from sekisho.analyzers.lnk import analyze
from sekisho.model.artifact import Artifact, Feature
from sekisho.model.errors import LimitError, MalformedError

SHARED = Path(__file__).parents[2].parent / "shared" / "data"
FIXTURES = SHARED / "fixtures" / "lnkparse3"
pytestmark = [
    pytest.mark.shared,
    pytest.mark.skipif(not SHARED.exists(), reason="real data not beside the project"),
]
NAMES = sorted(path.name for path in (FIXTURES / "samples").glob("*")) if FIXTURES.exists() else []

STRINGS = {
    "description": "lnk.description",
    "relative_path": "lnk.relative_path",
    "working_directory": "lnk.working_dir",
    "command_line_arguments": "lnk.arguments",
    "icon_location": "lnk.icon",
}
HEADER = {
    "link_flags": "lnk.flags",
    "file_flags": "lnk.attributes",
    "creation_time": "lnk.created_at",
    "accessed_time": "lnk.accessed_at",
    "modified_time": "lnk.modified_at",
    "file_size": "lnk.target_bytes",
    "icon_index": "lnk.icon_index",
    "windowstyle": "lnk.show_command",
}
LINK_INFO = {
    "local_base_path": "lnk.local_path",
    "common_path_suffix": "lnk.path_suffix",
    "location_info.drive_type": "lnk.drive_type",
    "location_info.drive_serial_number": "lnk.drive_serial",
    "location_info.volume_label": "lnk.volume_label",
    "location_info.net_name": "lnk.network_share",
    "location_info.device_name": "lnk.network_device",
}
BLOCKS = {
    "DISTRIBUTED_LINK_TRACKER_BLOCK.machine_identifier": "lnk.machine_id",
    "DISTRIBUTED_LINK_TRACKER_BLOCK.droid_volume_identifier": "lnk.droid_volume",
    "DISTRIBUTED_LINK_TRACKER_BLOCK.droid_file_identifier": "lnk.droid_file",
    "DISTRIBUTED_LINK_TRACKER_BLOCK.birth_droid_volume_identifier": "lnk.birth_droid_volume",
    "DISTRIBUTED_LINK_TRACKER_BLOCK.birth_droid_file_identifier": "lnk.birth_droid_file",
    "ENVIRONMENTAL_VARIABLES_LOCATION_BLOCK.target_unicode": "lnk.environment_target",
    "ICON_LOCATION_BLOCK.target_unicode": "lnk.icon_environment",
    "CONSOLE_PROPERTIES_BLOCK.face_name": "lnk.console_face",
    "DARWIN_BLOCK.darwin_data_unicode": "lnk.darwin_id",
    "DARWIN_BLOCK.product_code_id": "lnk.darwin_product",
    "DARWIN_BLOCK.feature_name": "lnk.darwin_feature",
    "DARWIN_BLOCK.component_id": "lnk.darwin_component",
    "KNOWN_FOLDER_LOCATION_BLOCK.known_folder_id": "lnk.known_folder",
    "SPECIAL_FOLDER_LOCATION_BLOCK.special_folder_id": "lnk.special_folder",
}
BLOCK_NAMES = {
    "DISTRIBUTED_LINK_TRACKER_BLOCK": "tracker",
    "ENVIRONMENTAL_VARIABLES_LOCATION_BLOCK": "environment",
    "ICON_LOCATION_BLOCK": "icon_environment",
    "CONSOLE_PROPERTIES_BLOCK": "console",
    "DARWIN_BLOCK": "darwin",
    "KNOWN_FOLDER_LOCATION_BLOCK": "known_folder",
    "SPECIAL_FOLDER_LOCATION_BLOCK": "special_folder",
    "METADATA_PROPERTIES_BLOCK": "property_store",
    "UNKNOWN_BLOCK": "unknown",
}
KINDS = {
    "Root Folder": ("root",),
    "Volume Item": ("volume",),
    "File entry": ("file",),
    "Users files folder": ("delegate",),
    "Control panel CPL file": ("cpl", "unknown"),
}
# The other parser reads an unterminated name on into the extension block behind it.
OVERREAD = {("sample6", "播放器正在加载（拦截")}


def sample(name):
    return base64.b64decode((FIXTURES / "samples" / name).read_text())


def expected(name):
    return json.loads((FIXTURES / "json" / f"{name}.json").read_text())


def features_of(name):
    found = {}
    try:
        for one in analyze(Artifact("sample.lnk", sample(name), "sample.lnk")):
            if isinstance(one, Feature):
                found.setdefault(one.name, []).append(one.value)
    except MalformedError:
        assert name == "extra_data"  # its last block is cut
    return found


def parts_of(name, kind):
    return [part for part in read_link(sample(name)) if isinstance(part, kind)]


def dig(values, path):
    for key in path.split("."):
        values = values.get(key) if isinstance(values, dict) else None
    return values


@pytest.mark.parametrize("name", NAMES)
def test_features_agree(name):
    want, found = expected(name), features_of(name)
    pairs = [(want["header"][key], feature) for key, feature in HEADER.items()]
    pairs += [(want["data"].get(key), feature) for key, feature in STRINGS.items()]
    pairs += [(dig(want["link_info"], key), feature) for key, feature in LINK_INFO.items()]
    pairs += [(dig(want["extra"], key), feature) for key, feature in BLOCKS.items()]
    both_places = want["link_info"].get("link_info_flags") == 3  # then it reports the local one only
    for value, feature in pairs:
        if both_places and feature in ("lnk.network_share", "lnk.network_device"):
            continue
        values = value if isinstance(value, list) else [value] if value not in (None, "") else []
        if feature == "lnk.drive_serial":
            values = [f"{int(one, 16):08x}" for one in values]
        assert found.get(feature, []) == values, feature


@pytest.mark.parametrize("name", NAMES)
def test_header_agrees_in_numbers(name):
    want, header = expected(name)["header"], parts_of(name, Header)[0]
    assert (header.flags, header.attributes, header.hotkey) == (
        want["r_link_flags"],
        want["r_file_flags"],
        want["r_hotkey"],
    )


@pytest.mark.parametrize("name", NAMES)
def test_target_list_agrees(name):
    want, (target,) = expected(name)["target"], parts_of(name, TargetList)
    assert target.size == want["size"]
    assert len(target.items) == len(want["items"])
    for item, entry in zip(target.items, want["items"], strict=True):
        assert item.kind in KINDS[entry["class"]]
        if item.kind == "root":
            assert (item.guid, item.sort_index) == (entry["guid"], entry["sort_index_value"])
        if item.kind == "volume":
            assert item.guid == entry.get("volume_identifier", "")
            assert item.guid or item.name == entry["volume_name"]
            assert item.class_type & 0x0F == int(entry["flags"], 16)
        if item.kind == "cpl":
            assert item.name == entry["cpl_file_path"]
            assert item.comment == f"{entry['name']}; {entry['comments']}"
        entry = entry.get("file_entry", entry)
        if item.kind in ("file", "delegate"):
            moment = entry.get("modification_time")
            assert item.modified_at == (datetime.fromisoformat(moment) if moment else None)
            assert (item.size_bytes, item.attributes) == (entry["file_size"], entry["file_attribute_flags"])
            assert item.is_directory is ("directory" in entry["flags"])
            assert item.short_name == entry["primary_name"] or (name, item.short_name) in OVERREAD
        if item.kind == "delegate":
            assert item.guid == "5E591A74-DF96-48D3-8D67-1733BCEE28BA"


@pytest.mark.parametrize("name", NAMES)
def test_link_info_agrees(name):
    want, found = expected(name)["link_info"], parts_of(name, LinkInfo)
    assert bool(want) is bool(found)
    for info in found:
        assert (info.size, info.flags) == (want["link_info_size"], want["link_info_flags"])
        assert bool(info.local_path) is (want["location"] == "Local")
        if want["location"] == "Network":
            assert info.provider == int(want["location_info"]["r_network_provider_type"], 16)


@pytest.mark.parametrize("name", NAMES)
def test_blocks_agree(name):
    want, blocks = dict(expected(name)["extra"]), parts_of(name, Block)
    appended = want.pop("TERMINAL_BLOCK", None)
    wanted = {BLOCK_NAMES[key]: value if isinstance(value, list) else [value] for key, value in want.items()}
    assert {block.name for block in blocks} == set(wanted)
    for kind, values in wanted.items():
        same = [block for block in blocks if block.name == kind]
        assert [block.size for block in same] == [value["size"] for value in values]
        for block, value in zip(same, values, strict=True):
            fields = dict(block.fields)
            assert all(fields[key] == value[key] for key in fields.keys() & value.keys())
            assert fields.get("ansi", "") == value.get("target_ansi", value.get("darwin_data_ansi", ""))
            assert fields.get("offset") == value.get("offset")
            check_properties(block, value.get("property_store", []))
            if "extra_data_sha256" in value:
                data = sample(name)[block.at + 4 : block.at + block.size]  # all but its size field
                assert hashlib.sha256(data).hexdigest() == value["extra_data_sha256"]
    rest = parts_of(name, Rest)
    assert bool(rest) is bool(appended)
    if appended:  # its size counts the terminal block too
        data = sample(name)[rest[0].at :]
        assert len(data) + 4 == appended["size"]
        assert hashlib.sha256(data).hexdigest() == appended["appended_data_sha256"]


def check_properties(block, storages):
    want = [(one["format_id"], value) for one in storages for value in one["serialized_property_values"]]
    assert len(block.properties) == len(want)
    for found, (format_id, value) in zip(block.properties, want, strict=True):
        assert (found.format_id, found.id, found.type) == (format_id, value["id"], value["value_type"])
        assert value["value"] is None or found.value == value["value"]


def test_all_samples_have_their_strings():
    assert len(NAMES) >= 34
    assert sum(len(parts_of(name, Text)) for name in NAMES) == sum(len(expected(name)["data"]) for name in NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_only_foreseen_errors_come_out_of_broken_copies(name):
    dice, whole = random.Random(name), sample(name)[:8_000]
    for _ in range(12):
        data = bytearray(whole)
        for _ in range(dice.randrange(1, 8)):
            data[dice.randrange(0x14, len(data))] = dice.choice((0, 1, 0x7F, 0xFF, dice.randrange(256)))
        try:
            list(analyze(Artifact("x.lnk", bytes(data[: dice.randrange(20, len(data) + 1)]), "x.lnk")))
        except (MalformedError, LimitError):
            continue
