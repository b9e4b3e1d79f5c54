"""Names that mean something without being declared: hosts' objects, libraries, constants, controls.

Source: Microsoft's object models of Word, Excel, PowerPoint, Outlook and Windows Script Host; [MS-OFORMS].
"""

from __future__ import annotations

import re

HOSTS = frozenset(
    """
    application activedocument thisdocument thisworkbook activeworkbook activesheet worksheets sheets me wscript
    word excel normaltemplate selection document window range cells documents workbooks outlook options userform
    system err debug activepresentation activewindow vba wordbasic templates charts names commandbars vbe fso
    msgbox inputbox activecell rnd now date time timer dir curdir freefile eof lof command errobj getref day year
    month hour minute second filelen filedatetime input columns rows evaluate screen self currentdb docmd forms
    thisapplication presentations getattr varptr strptr objptr
    """.split()
)
LIBRARIES = frozenset(
    """
    vba strings interaction conversion math information filesystem vba.strings vba.interaction vba.conversion
    vba.math vba.information vba.collection
    """.split()
)
APPLICATION_METHODS = frozenset({"executeexcel4macro", "run", "ontime", "ddeinitiate", "organizercopy"})
"""Methods of Application that are called without naming it."""
CONSTANT_NAME = re.compile(r"(?:wd|xl|mso|pp|vb|ad|ol|fm|ac)[a-z0-9]{3,}")
CONTROL_NAME = re.compile(
    r"(?:textbox|label|combobox|listbox|checkbox|commandbutton|optionbutton|togglebutton|image|frame|multipage|tabstrip"
    r"|userform|sheet|tabelle|feuil|hoja|foglio|chart)\d*"
)
KNOWN_ENVIRONMENT = {
    "%COMSPEC%": "C:\\Windows\\system32\\cmd.exe", "%WINDIR%": "C:\\Windows", "%SYSTEMROOT%": "C:\\Windows",
    "%PUBLIC%": "C:\\Users\\Public", "%PROGRAMDATA%": "C:\\ProgramData", "%SYSTEMDRIVE%": "C:",
    "%ALLUSERSPROFILE%": "C:\\ProgramData", "%PROGRAMFILES%": "C:\\Program Files",
    "%PSMODULEPATH%": "C:\\Program Files\\WindowsPowerShell\\Modules",
}  # fmt: skip
