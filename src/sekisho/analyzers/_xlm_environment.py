"""What an ordinary Windows desktop with Excel answers when a macro asks where it runs.

Macros ask to tell a sandbox from a victim: a mouse, sound, a screen of some size, a window that is not hidden.

Source: XLM function reference, GET.WORKSPACE, GET.WINDOW, GET.DOCUMENT, INFO; the questions seen in the 2020 campaigns.
"""

from __future__ import annotations

from sekisho.analyzers._xlm_values import Scalar

WORKSPACE: dict[int, Scalar] = {
    1: "Windows (32-bit) NT 10.00",
    2: "16.0",
    3: 0.0,
    4: False,
    5: 0.0,
    6: True,
    7: True,
    8: True,
    9: True,
    10: 0.0,
    11: 0.0,
    12: 0.0,
    13: 1440.0,  # usable width and height in points
    14: 780.0,
    15: 1.0,
    16: 2_097_152.0,
    17: 4_194_304.0,
    18: False,
    19: True,  # a mouse
    20: 1.0,
    21: False,
    22: False,
    23: "C:\\Users\\User\\AppData\\Roaming\\Microsoft\\Excel\\XLSTART",
    24: "",
    25: "",
    26: "User",
    27: "",
    31: False,  # not single-stepping
    32: "C:\\Program Files\\Microsoft Office\\root\\Office16",
    33: "General",
    37: 1.0,
    40: True,
    41: False,
    42: True,  # can play sounds
    43: True,  # can record sounds
    45: True,
    48: "C:\\Program Files\\Microsoft Office\\root\\Office16\\Library",
    62: "C:\\Program Files\\Microsoft Office\\root\\Office16",
}
WINDOW: dict[int, Scalar] = {
    5: True,
    7: False,  # not hidden
    8: True,
    9: True,
    10: True,
    13: 1440.0,
    14: 780.0,
    20: True,  # maximised
    21: True,
    22: True,
    23: 3.0,
    24: 0.0,
    25: 100.0,
}
DOCUMENT: dict[int, Scalar] = {
    3: 3.0,
    4: False,
    5: False,
    6: True,
    7: False,
    8: False,
    9: 1.0,
    10: 100.0,
    14: 1.0,
    50: 1.0,
}
INFO: dict[str, Scalar] = {
    "directory": "C:\\Users\\User\\Documents\\",
    "numfile": 1.0,
    "origin": "$A:$A$1",
    "osversion": "Windows (32-bit) NT 10.00",
    "recalc": "Automatic",
    "release": "16.0",
    "system": "pcdos",
}
DIRECTORY = "C:\\Users\\User\\Documents"
BOOK_NAME = "Book1.xls"
