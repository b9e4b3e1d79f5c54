"""What runs things and what looks harmless: names and icons that tell a disguised shortcut. Data only.

Source: interpreters from MITRE ATT&CK T1059 and T1218 and the LOLBAS project; icon numbers as registered for file
types under HKCR in Windows 7 to 11 (negative: resource id, positive: position).
"""

from __future__ import annotations

INTERPRETERS = frozenset(
    "cmd powershell powershell_ise pwsh mshta wscript cscript rundll32 regsvr32 msiexec certutil bitsadmin forfiles "
    "conhost pcalua wmic schtasks msbuild installutil regasm regsvcs hh odbcconf cmstp msxsl finger ftp curl ssh scp "
    "python pythonw node java javaw autohotkey autoit3 bash wsl scriptrunner syncappvpublishingserver control "
    "ieexec presentationhost mavinject verclsid xwizard winrm at sc reg".split()
)
WORDS_TOO = frozenset("at sc reg control bash node java ftp hh python curl ssh scp".split())
"""Interpreters whose bare names are also plain words: among arguments they count only with ``.exe``."""
INTERPRETER_VARIABLES = {"%comspec%": "cmd"}

# What the icon of a library shows, by index.
ICON_LIBRARIES: dict[str, dict[int, str]] = {
    "shell32.dll": {
        0: "document",
        1: "document",
        -1: "document",
        -2: "document",
        3: "folder",
        4: "folder",
        -4: "folder",
        -5: "folder",
        70: "document",
        -71: "document",
        -152: "document",
        151: "document",
        -154: "archive",
        225: "picture",
        -16823: "picture",
        -235: "document",
        235: "document",
    },
    "imageres.dll": {
        2: "document",
        -2: "document",
        3: "folder",
        -3: "folder",
        4: "folder",
        -4: "folder",
        14: "document",
        19: "document",
        97: "document",
        -102: "document",
        -5301: "document",
        62: "archive",
        -65: "archive",
        -174: "archive",
        63: "document",
        64: "document",
        66: "picture",
        67: "picture",
        -70: "picture",
        -71: "picture",
        -72: "picture",
        -83: "picture",
        85: "document",
        107: "document",
        -112: "document",
        -113: "picture",
    },
    "zipfldr.dll": {0: "archive", -101: "archive"},
}
ICON_PROGRAMS = {
    "document": frozenset(
        "winword.exe excel.exe powerpnt.exe onenote.exe mspub.exe visio.exe outlook.exe wordicon.exe xlicons.exe "
        "pptico.exe accicons.exe wordpad.exe write.exe notepad.exe acrord32.exe acrobat.exe foxitreader.exe "
        "foxitpdfreader.exe sumatrapdf.exe hwp.exe wps.exe et.exe wpp.exe taro.exe pdfxedit.exe".split()
    ),
    "picture": frozenset("mspaint.exe photoviewer.dll i_view32.exe i_view64.exe".split()),
    "archive": frozenset("winrar.exe 7zfm.exe lhaplus.exe".split()),
}
ICON_EXTENSIONS = {
    "document": frozenset(
        ".pdf .doc .docx .docm .rtf .xls .xlsx .xlsm .ppt .pptx .txt .csv .htm .html .hwp .odt .jtd".split()
    ),
    "picture": frozenset(".png .jpg .jpeg .gif .bmp .tif .webp".split()),
    "archive": frozenset(".zip .rar .7z .lzh".split()),
}
# Verbs that read a file: next to the name of a shortcut they mean that it reads itself.
SELF_READERS = (
    r"findstr|find|type|more|copy|certutil|get-content|gc|cat|readallbytes|readalltext|openread|opentextfile|"
    r"select-string|sls|out-string|dir|get-childitem|gci|ls|forfiles|for|where"
)
