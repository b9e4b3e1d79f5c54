"""The shortcut cases: what is packed, and what runs."""

import email
import email.policy
import io
import zipfile

import pyzipper

from sekisho.app.lab import payloads
from sekisho.app.lab.cases import CASES


def packed(name):
    """Give name and bytes of the one member of the opener's archive."""
    files, truth = CASES[name].files(), CASES[name].truth
    mail = email.message_from_bytes(files[truth["opened"]["mail"]], policy=email.policy.default)
    (attached,) = mail.iter_attachments()
    with pyzipper.AESZipFile(io.BytesIO(attached.get_content())) as archive:
        (info,) = archive.infolist()
        return info, archive.read(info, truth["passwords"][0].encode())


def images(name):
    return [process["image"].rpartition("\\")[2] for process in CASES[name].truth["process_chain"]]


def test_script_stands_behind_the_shortcut_that_names_itself():
    info, shortcut = packed("emotet-lnk-vbs")
    assert info.filename == "INVOICE 2022-04-22_1033, USA.doc.lnk"
    assert info.compress_type == zipfile.ZIP_DEFLATED
    assert shortcut.endswith(payloads.vbs_overlay(payloads.fallback_urls(0)))
    assert info.filename.encode("utf-16-le") in shortcut


def test_aes_archive_holds_the_padded_arguments():
    info, shortcut = packed("emotet-lnk-powershell")
    assert info.compress_type in {zipfile.ZIP_DEFLATED, 99}
    assert (" " * 110).encode("utf-16-le") in shortcut


def test_twins_point_at_the_file_server():
    assert b"\\\\fileserver\\share" in packed("emotet-lnk-vbs-benign")[1]
    assert "\\\\fileserver\\share".encode("utf-16-le") in packed("emotet-lnk-powershell-benign")[1]


def test_chains():
    assert images("emotet-lnk-vbs") == ["cmd.exe", "findstr.exe", "wscript.exe", "regsvr32.exe", "regsvr32.exe"]
    assert images("emotet-lnk-powershell") == ["powershell.exe", "powershell.exe", "regsvr32.exe", "regsvr32.exe"]
    assert images("emotet-lnk-vbs-benign") == ["EXCEL.EXE"]
    assert images("emotet-lnk-powershell-benign") == ["explorer.exe"]
