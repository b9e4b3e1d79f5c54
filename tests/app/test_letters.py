"""Mails of both kinds, end to end: ordinary ones stay clean, attacks without any file do not."""

import importlib.util
from datetime import datetime
from email.message import EmailMessage
from pathlib import Path

import pytest

from sekisho.app import ruleset
from sekisho.app.lab.zipcrypto import Packing, write_zip
from sekisho.app.pipeline import Options, investigate
from sekisho.model.verdict import Verdict

SPEC = importlib.util.spec_from_file_location("letters", Path(__file__).with_name("letters.py"))
letters = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(letters)


def written(letter):
    """Give a letter as it lies in a mailbox."""
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = letter.sender, letter.recipient, letter.subject
    mail["Date"] = "Mon, 12 Feb 2024 09:00:00 +0900"
    for name, value in letter.headers:
        mail[name] = value
    if letter.text:
        mail.set_content(letter.text)
    if letter.html:
        (mail.add_alternative if letter.text else mail.set_content)(letter.html, subtype="html")
    if letter.locked:
        data = write_zip({letter.locked: b"text"}, Packing(datetime(2024, 2, 12), "zQ9!k2Lm"))  # noqa: DTZ001  a ZIP holds local times
        mail.add_attachment(data, maintype="application", subtype="zip", filename="mitsumori.zip")
    return bytes(mail)


@pytest.fixture(scope="module")
def judged(tmp_path_factory):
    folder = tmp_path_factory.mktemp("letters")
    for kind in ("ORDINARY", "HOSTILE"):
        for number, letter in enumerate(getattr(letters, kind)):
            (folder / f"{kind}-{number}.eml").write_bytes(written(letter))
    result = investigate([str(folder)], ruleset.load([], cache=False), Options(jobs=2, logs=False))
    return {one.artifact.name: judgement for one, judgement in result.artifacts if one.artifact.parent is None}


@pytest.mark.parametrize(
    ("number", "letter"), list(enumerate(letters.ORDINARY)), ids=lambda one: getattr(one, "name", one)
)
def test_ordinary_mail_is_clean(judged, number, letter):
    found = judged[f"ORDINARY-{number}.eml"]
    assert found.verdict is Verdict.CLEAN, [(reason.text, reason.weight) for reason in found.reasons]


@pytest.mark.parametrize(
    ("number", "letter"), list(enumerate(letters.HOSTILE)), ids=lambda one: getattr(one, "name", one)
)
def test_an_attack_is_not(judged, number, letter):
    found = judged[f"HOSTILE-{number}.eml"]
    assert found.verdict in (Verdict.SUSPICIOUS, Verdict.MALICIOUS), [(one.text, one.weight) for one in found.reasons]
