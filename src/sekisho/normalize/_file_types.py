"""What a file's name promises against what its bytes are.

Source: extensions as Windows and the formats' specifications register them; MITRE ATT&CK T1036.008 (masquerade file
type). Disagreements that ordinary mail is full of (one picture format for another, an HTML table named .xls) are none.
"""

from __future__ import annotations

_PROGRAM = frozenset(
    "exe dll ocx cpl scr sys com drv pif ax xll wll mui pyd node winmd tsp acm ime rll bpl efi".split()
)
_SILENT = frozenset({"", "bin", "tmp", "unpacked", "quarantine", "vir", "file"})
"""Extensions that promise nothing."""
_CLAIMS: dict[str, str] = {
    extension: family
    for family, extensions in {
        "picture": "jpg jpeg jpe png gif bmp tif tiff webp ico heic svg wmf emf psd",
        "media": "mp3 mp4 m4a m4v wav avi mov wmv mkv flac ogg webm aac wma 3gp",
        "pdf": "pdf",
        "ole": "doc dot xls xlt ppt pps pot vsd pub",
        "ooxml": "docx docm dotx dotm xlsx xlsm xlsb xltx xltm xlam pptx pptm ppsx ppsm potx",
        "rtf": "rtf",
        "text": "txt log csv tsv ini md",
        "page": "html htm xhtml shtml",
        "archive": "zip rar 7z cab gz tgz bz2 xz tar iso img udf vhd vhdx wim ace arj lzh lha zst z",
        "mail": "eml msg",
        "shortcut": "lnk",
        "installer": "msi msp mst msm",
        "data": "dat xml json ttf otf woff woff2 sqlite db",
    }.items()
    for extension in extensions.split()
}
_TRUTH: dict[str, str] = {
    "application/x-elf": "binary",
    "application/x-mach-binary": "binary",
    "application/x-ms-shortcut": "shortcut",
    "application/x-msi": "installer",
    "application/hta": "script",
    "text/vbscript": "script",
    "text/javascript": "script",
    "text/x-powershell": "script",
    "text/x-msdos-batch": "script",
    "application/x-msdos-batch": "script",
    "text/html": "page",
    "application/pdf": "pdf",
    "application/rtf": "rtf",
    "text/rtf": "rtf",
    "application/x-ole-storage": "ole",
    "application/msword": "ole",
    "application/vnd.ms-excel": "ole",
    "application/vnd.ms-powerpoint": "ole",
    **dict.fromkeys(
        (
            *("application/zip", "application/vnd.rar", "application/x-7z-compressed", "application/x-tar"),
            *("application/vnd.ms-cab-compressed", "application/gzip", "application/x-bzip2", "application/x-xz"),
            *("application/x-iso9660-image", "application/x-udf-image", "application/x-vhd", "application/x-vhdx"),
            *("application/x-ms-wim", "application/x-ace-compressed", "application/x-arj"),
            *("application/x-lzh-compressed", "application/zstd", "application/java-archive"),
        ),
        "archive",
    ),
}
_SHOWN = frozenset({"picture", "media", "pdf", "ole", "ooxml", "rtf"})
"""Families that a program only shows."""


def type_mismatch(extension: str, media_type: str) -> str:
    """Name what hides under a file's name, empty when name and bytes agree or the name promises nothing.

    ``program``: code that runs, a shortcut or an installer under any other extension; ``script``, ``archive`` and
    ``page`` (HTML) under that of a document, picture or recording; ``document`` for one document format under
    the name of another.
    """
    if extension in _SILENT:
        return ""
    if media_type == "application/x-dosexec":
        return "" if extension in _PROGRAM else "program"
    claimed, true = _CLAIMS.get(extension, ""), _TRUTH.get(media_type, "")
    if not claimed or not true or claimed == true:
        return ""
    return _hidden(true, claimed, extension)


def _hidden(true: str, claimed: str, extension: str) -> str:
    if true in ("binary", "shortcut", "installer"):
        return "program"
    if true == "script":
        return "script" if claimed in _SHOWN or claimed == "archive" else ""
    if true == "archive":
        return "archive" if claimed in _SHOWN - {"ooxml"} or claimed == "text" else ""
    if true == "ole" and claimed == "ooxml":
        return ""  # encrypted documents are compound files
    if true == "page":
        return "page" if (claimed in _SHOWN and extension not in ("xls", "svg")) or claimed == "archive" else ""
    return "document" if claimed in _SHOWN | {"archive", "text"} else ""
