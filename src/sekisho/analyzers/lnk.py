"""Windows shortcut (.lnk): what opening it would run, how it disguises that, and what is hidden behind its end."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from uuid import UUID

from sekisho.analyzers import analyzer
from sekisho.analyzers._findstr import matching_lines, searches
from sekisho.analyzers._link_behaviour import (
    Link,
    command_line,
    gather,
    icon_shows,
    interpreters_of,
    named_shortcuts,
    names_itself,
    target_of,
    targets_disagree,
)
from sekisho.analyzers._link_blocks import Block
from sekisho.analyzers._shell_items import path_of
from sekisho.analyzers._shell_link import (
    MAGIC,
    Flaw,
    Header,
    LinkInfo,
    Part,
    TargetList,
    Text,
    read_link,
)
from sekisho.analyzers._windows_text import iso
from sekisho.analyzers.identify import extension_of, media_type
from sekisho.model.artifact import Artifact, Feature, Value
from sekisho.model.errors import MalformedError
from sekisho.model.urltext import find_urls

SHOWN_CHARS = 260
"""What the properties dialog shows of target and arguments together."""
MIN_HIDDEN_BLOCK = 64
"""Bytes of an unknown block worth looking into; those that Windows itself writes and nobody documents stay below 200,
but text in one is found by content only."""
UUID_EPOCH = datetime(1582, 10, 15, tzinfo=UTC)
HOTKEY_MODIFIERS = ((2, "CTRL"), (1, "SHIFT"), (4, "ALT"))

_BLANKS = re.compile(r"\s+")

FEATURES = (
    "lnk.flags",
    "lnk.attributes",
    "lnk.created_at",
    "lnk.accessed_at",
    "lnk.modified_at",
    "lnk.target_bytes",
    "lnk.icon_index",
    "lnk.show_command",
    "lnk.hotkey",
    "lnk.item",
    "lnk.item_guid",
    "lnk.id_list_path",
    "lnk.local_path",
    "lnk.network_share",
    "lnk.network_device",
    "lnk.path_suffix",
    "lnk.drive_type",
    "lnk.drive_serial",
    "lnk.volume_label",
    "lnk.description",
    "lnk.relative_path",
    "lnk.working_dir",
    "lnk.arguments",
    "lnk.icon",
    "lnk.overlong_string",
    "lnk.environment_target",
    "lnk.icon_environment",
    "lnk.console_face",
    "lnk.code_page",
    "lnk.darwin_id",
    "lnk.darwin_product",
    "lnk.darwin_feature",
    "lnk.darwin_component",
    "lnk.known_folder",
    "lnk.special_folder",
    "lnk.shim_layer",
    "lnk.machine_id",
    "lnk.droid_volume",
    "lnk.droid_file",
    "lnk.birth_droid_volume",
    "lnk.birth_droid_file",
    "lnk.mac",
    "lnk.droid_at",
    "lnk.sid",
    "lnk.property",
    "lnk.unknown_block",
    "lnk.target",
    "lnk.targets_disagree",
    "lnk.command_line",
    "lnk.interpreter",
    "lnk.padding",
    "lnk.hidden_chars",
    "lnk.names_itself",
    "lnk.named_shortcut",
    "lnk.icon_shows",
    "lnk.document_icon",
    "lnk.self_extracts",
    "lnk.overlay_at",
    "lnk.overlay_bytes",
    "url",
)
# Block and field to feature; a tuple gives the field of that name, the first one that is set.
BLOCK_FEATURES: dict[str, tuple[tuple[tuple[str, ...], str], ...]] = {
    "environment": ((("unicode", "ansi"), "lnk.environment_target"),),
    "icon_environment": ((("unicode", "ansi"), "lnk.icon_environment"),),
    "console": ((("face_name",), "lnk.console_face"),),
    "console_fe": ((("code_page",), "lnk.code_page"),),
    "darwin": (
        (("unicode", "ansi"), "lnk.darwin_id"),
        (("product",), "lnk.darwin_product"),
        (("feature",), "lnk.darwin_feature"),
        (("component",), "lnk.darwin_component"),
    ),
    "known_folder": ((("folder",), "lnk.known_folder"),),
    "special_folder": ((("folder",), "lnk.special_folder"),),
    "shim": ((("layer",), "lnk.shim_layer"),),
    "tracker": (
        (("machine_id",), "lnk.machine_id"),
        (("droid_volume",), "lnk.droid_volume"),
        (("droid_file",), "lnk.droid_file"),
        (("birth_droid_volume",), "lnk.birth_droid_volume"),
        (("birth_droid_file",), "lnk.birth_droid_file"),
    ),
}
SID_PROPERTY = ("46588AE2-4CBC-4338-BBFC-139326986DCE", 4)


@analyzer("lnk", magic=MAGIC, media_type="application/x-ms-shortcut", features=FEATURES)
def analyze(artifact: Artifact) -> Iterator[Feature | Artifact]:
    """Read a shortcut, tell what it would run, and hand back what it carries.

    Yields:
        Features of each part in file order, then those drawn from the whole (``lnk.target`` and after it in FEATURES);
        a child ``command line`` (kind cmd) when there are arguments, one child for each script that a findstr on its
        own bytes would write, one for each unknown block of some size, and one ``overlay.<ext>`` for the bytes after
        the end.

    Raises:
        MalformedError: something did not follow the format; everything that could be read has been yielded.
    """
    parts: list[Part] = []
    for part in read_link(artifact.data):
        parts.append(part)
        yield from _features(part)
    link = gather(parts)
    yield from _behaviour(link, artifact)
    yield from _children(link, artifact)
    for part in parts:
        if isinstance(part, Flaw):
            raise MalformedError(part.what, part.at)


def _features(part: Part) -> Iterator[Feature]:
    match part:
        case Header():
            yield from _header_features(part)
        case TargetList():
            for item in part.items:
                if item.name:
                    yield Feature("lnk.item", item.name, item.at)
                if item.guid:
                    yield Feature("lnk.item_guid", item.guid, item.at)
                if item.kind == "uri":
                    yield from (Feature("url", url, item.at) for url in find_urls(item.name, "target"))
            if path := path_of(part.items):
                yield Feature("lnk.id_list_path", path)
        case LinkInfo():
            yield from _info_features(part)
        case Text():
            yield Feature(f"lnk.{part.name}", part.text, part.at)
            if part.announced > len(part.text):
                yield Feature("lnk.overlong_string", part.name, part.at)
        case Block():
            yield from _block_features(part)
        case _:
            pass


def _header_features(header: Header) -> Iterator[Feature]:
    yield from (Feature("lnk.flags", name, 0x14) for name in header.flag_names)
    yield from (Feature("lnk.attributes", name, 0x18) for name in header.attribute_names)
    times = (("created_at", header.created_at, 0x1C), ("accessed_at", header.accessed_at, 0x24))
    for name, moment, at in (*times, ("modified_at", header.modified_at, 0x2C)):
        if moment:
            yield Feature(f"lnk.{name}", iso(moment), at)
    yield Feature("lnk.target_bytes", header.target_bytes, 0x34)
    yield Feature("lnk.icon_index", header.icon_index, 0x38)
    yield Feature("lnk.show_command", header.show_command, 0x3C)
    if header.hotkey:
        yield Feature("lnk.hotkey", hotkey_name(header.hotkey), 0x40)


def hotkey_name(hotkey: int) -> str:
    """Give a key combination as users write it: ``CTRL+ALT+F1``; an unknown key as its number.

    Source: [MS-SHLLINK] 2.1.3.
    """
    key, modifiers = hotkey & 0xFF, hotkey >> 8
    if 0x30 <= key <= 0x39 or 0x41 <= key <= 0x5A:
        name = chr(key)
    elif 0x70 <= key <= 0x87:
        name = f"F{key - 0x6F}"
    else:
        name = {0x90: "NUM LOCK", 0x91: "SCROLL LOCK"}.get(key, f"0x{key:02X}")
    return "+".join([word for bit, word in HOTKEY_MODIFIERS if modifiers & bit] + [name])


def _info_features(info: LinkInfo) -> Iterator[Feature]:
    texts = (
        ("local_path", info.local_path),
        ("path_suffix", info.suffix),
        ("network_share", info.share),
        ("network_device", info.device),
        ("drive_type", info.drive_type),
        ("drive_serial", f"{info.serial:08x}" if info.drive_type else ""),
        ("volume_label", info.volume_label),
    )
    yield from (Feature(f"lnk.{name}", value) for name, value in texts if value)


def _block_features(block: Block) -> Iterator[Feature]:
    if block.name == "unknown":
        yield Feature("lnk.unknown_block", f"{block.signature:08x}", block.at)
    fields = dict(block.fields)
    for names, feature in BLOCK_FEATURES.get(block.name, ()):
        value: Value = next((fields[name] for name in names if fields.get(name) not in (None, "")), "")
        if value != "":
            yield Feature(feature, value, block.at)
    if block.name == "tracker":
        yield from _droid_features(block)
    for one in block.properties:
        if one.value is not None and one.value != "":
            yield Feature("lnk.property", f"{one.format_id}\\{one.name or one.id} = {one.value}", one.at)
            if (one.format_id, one.id) == SID_PROPERTY:
                yield Feature("lnk.sid", one.value, one.at)


def _droid_features(block: Block) -> Iterator[Feature]:
    """Give the network card's address and the time that a version 1 UUID of the tracker was made with.

    Source: [MS-DLTW] 2.2.3 (CDomainRelativeObjId) and RFC 9562 section 5.1.
    """
    text = block.text("birth_droid_file")
    if not text or UUID(text).version != 1:
        return
    droid = UUID(text)
    node = f"{droid.node:012x}"
    yield Feature("lnk.mac", ":".join(node[index : index + 2] for index in range(0, 12, 2)), block.at)
    yield Feature("lnk.droid_at", iso(UUID_EPOCH + timedelta(microseconds=droid.time // 10)), block.at)


def _behaviour(link: Link, artifact: Artifact) -> Iterator[Feature]:
    target, arguments = target_of(link), link.text("arguments")
    if target:
        yield Feature("lnk.target", target)
    if targets_disagree(link):
        yield Feature("lnk.targets_disagree", True)
    if arguments:
        yield Feature("lnk.command_line", command_line(target, arguments))
        yield Feature("lnk.padding", max((len(run.group()) for run in _BLANKS.finditer(arguments)), default=0))
        yield Feature("lnk.hidden_chars", max(0, len(target) + 1 + len(arguments) - SHOWN_CHARS))
        shortcuts = named_shortcuts(arguments)
        yield from (Feature("lnk.named_shortcut", name) for name in shortcuts)
        yield Feature("lnk.names_itself", names_itself(arguments, shortcuts, artifact.name))
    interpreters = interpreters_of(link, target, arguments)
    yield from (Feature("lnk.interpreter", name) for name in interpreters)
    shows = icon_shows(link)
    if shows:
        yield Feature("lnk.icon_shows", shows)
    yield Feature("lnk.document_icon", bool(interpreters) and shows in ("document", "picture"))
    if link.rest_at is not None:
        yield Feature("lnk.overlay_at", link.rest_at)
        yield Feature("lnk.overlay_bytes", len(artifact.data) - link.rest_at)


def _children(link: Link, artifact: Artifact) -> Iterator[Feature | Artifact]:
    arguments = link.text("arguments")
    if arguments:
        text = command_line(target_of(link), arguments)
        yield artifact.child("command line", text.encode("utf-8", "replace"), relation="decoded", kind="cmd")
        yield from _extracted(arguments, artifact)
    for block in link.unknown:
        if block.size >= MIN_HIDDEN_BLOCK:
            data = artifact.data[block.at + 8 : block.at + block.size]
            name = f"block {block.signature:08x}{extension_of(media_type(data))}"
            yield artifact.child(name, data, relation="embedded")
    if link.rest_at is not None:
        overlay = artifact.data[link.rest_at :]
        if overlay.strip(b"\0"):
            yield artifact.child(f"overlay{extension_of(media_type(overlay))}", overlay, relation="overlay")


def _extracted(arguments: str, artifact: Artifact) -> Iterator[Feature | Artifact]:
    """Give what searches in the arguments would cut out of this file."""
    itself = ".lnk" in arguments.lower()
    for search in searches(arguments):
        if not itself or (search.files and not any("lnk" in name.lower() or "*" in name for name in search.files)):
            continue
        lines = matching_lines(artifact.data, search)
        if lines:
            written = re.split(r"[\\/]", search.written)[-1]
            yield Feature("lnk.self_extracts", search.written or "(standard output)")
            yield artifact.child(written or "findstr output", lines, relation="decoded")
