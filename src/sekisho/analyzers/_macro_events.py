"""Names under which Office runs a macro by itself.

Source: Microsoft's Word, Excel, PowerPoint, Outlook and Visio object model references (events, auto macros, and Word's
command names, which a macro of the same name replaces); ActiveX control events observed in public malicious documents.
"""

from __future__ import annotations

import re

AUTOMATIC = frozenset(
    """
    autoexec autoopen autonew autoclose autoexit auto_open auto_close auto_activate auto_deactivate auto_exec
    auto_new auto_exit document_open document_new document_close document_beforeclose document_beforesave
    document_documentopened documentopen documentbeforeclose documentchange document_contentcontrolonenter
    document_sync newdocument documentcomplete workbook_open workbook_activate workbook_deactivate workbook_close
    workbook_beforeclose workbook_beforesave workbook_windowactivate workbook_windowresize workbook_sheetactivate
    workbook_sheetcalculate workbook_newsheet workbook_addininstall worksheet_activate worksheet_calculate
    worksheet_deactivate app_documentopen app_workbookopen app_newdocument app_documentbeforeclose
    app_documentchange xlapp_workbookopen application_startup application_quit application_newmail
    application_newmailex application_mapilogoncomplete application_reminder presentation_open
    onslideshowpagechange onslideshowterminate slideshowbegin app_presentationopen app_slideshowbegin project_open
    form_load document_documentsaved document_runmodeentered auto_run autorun
    """.split()
)
"""Procedures that run when a document or application opens, closes, or shows."""

COMMANDS = frozenset(
    """
    fileopen filesave filesaveas filenew fileclose filecloseall fileexit fileprint fileprintdefault filetemplates
    toolsmacro toolscustomize toolsoptions viewvbcode helpabout fileprintpreview filesaveall formattemplate
    editcopy editpaste toolsspelling toolsrecordmacrotoggle
    """.split()
)
"""Word commands that a macro of the same name takes over."""

_CONTROL_EVENT = re.compile(
    r"\w+_(?:layout|painted|painting|gotfocus|mousehover|mousemove|mouseenter|mouseleave|resize|statechange"
    r"|documentcomplete|beforenavigate2|downloadbegin|downloadcomplete|filedownload|navigatecomplete2|titlechange"
    r"|progresschange|propertychange|statustextchange|setsecurelockicon|commandstatechange|onconnecting|onconnected"
    r"|ondisconnected|onlogincomplete|onauthenticationwarningdisplayed|onauthenticationwarningdismissed"
    r"|workbookopen|workbookactivate|workbookdeactivate|workbookbeforeclose|workbookbeforesave|workbooknewsheet|newworkbook"
    r"|documentopen|newdocument|documentchange|documentbeforeclose|documentbeforesave|presentationopen|sheetactivate"
    r"|windowstatechange|mousewheel|beforedropdown|readystatechange|remotedesktopsizechange)"
)
_APPLICATION_EVENT = re.compile(
    r"(?:workbook|document|presentation|app|xlapp|wdapp|appword|appevents?|oapp|pptevent)_\w+"
)
_USER_EVENT = re.compile(
    r"\w+_(?:sheetchange|sheetselectionchange|sheetbeforedoubleclick|sheetbeforerightclick|beforeprint|sheetfollowhyperlink"
    r"|windowbeforedoubleclick|windowbeforerightclick|windowselectionchange|click|change|contentcontrolonexit"
    r"|afterupdate|keydown|keypress|keyup|dblclick|error)"
)
"""They answer the user's own editing, and are everyday work in forms and sheets."""
_HELPED = ("userform_initialize", "userform_activate", "class_initialize", "class_terminate", "userform_layout")
"""They run as soon as something touches their module."""
_NEEDS_TOUCH = ("userform_mousemove", "userform_resize", "userform_painted")


def is_automatic(procedure: str, module: str) -> bool:
    """Tell whether Office runs this procedure unasked; names in lower case."""
    if procedure in AUTOMATIC or procedure in COMMANDS:
        return True
    if procedure == "main":  # a WordBasic macro is a module of its name with MAIN inside
        return module in AUTOMATIC or module in COMMANDS
    if procedure in _NEEDS_TOUCH or procedure in _HELPED or _USER_EVENT.fullmatch(procedure):
        return False
    return bool(_CONTROL_EVENT.fullmatch(procedure) or _APPLICATION_EVENT.fullmatch(procedure))


def is_touched(procedure: str) -> bool:
    """Tell whether this procedure runs once its form or class is used."""
    return procedure in _HELPED
