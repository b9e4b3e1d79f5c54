"""PDF documents, written object by object."""

import random
import zlib

import pytest

from sekisho.analyzers import load
from sekisho.analyzers.pdf import analyze, is_pdf
from sekisho.model.artifact import Artifact, Feature
from sekisho.model.errors import LimitError, MalformedError
from sekisho.model.url import Url

PAGE = b"<< /Type /Page /Parent 2 0 R >>"
PAGES = b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>"


def pdf(*objects, catalog=b"", trailer=b"", numbered_from=4):
    """Give a document with a catalog, one page and more objects."""
    bodies = [b"<< /Type /Catalog /Pages 2 0 R " + catalog + b" >>", PAGES, PAGE]
    out = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n"
    for number, body in enumerate(bodies, 1):
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    for number, body in enumerate(objects, numbered_from):
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    return out + b"trailer << /Root 1 0 R " + trailer + b" >>\nstartxref\n0\n%%EOF\n"


def stream(data, fields=b"", length=None):
    size = len(data) if length is None else length
    return b"<< /Length %d %s >>\nstream\n%s\nendstream" % (size, fields, data)


def read(data, **options):
    features, children, error = {}, [], None
    try:
        for one in analyze(Artifact("a.pdf", data, "a.pdf", **options)):
            if isinstance(one, Feature):
                value = one.value.canonical if isinstance(one.value, Url) else one.value
                features.setdefault(one.name, []).append(value)
            else:
                children.append(one)
    except (MalformedError, LimitError) as raised:
        error = raised
    return features, children, error


def test_an_ordinary_document_has_no_action_but_its_links():
    link = b"<< /Type /Annot /Subtype /Link /A << /S /URI /URI (https://www.example.com/a\\(1\\)) >> >>"
    goto = b"<< /Type /Annot /A << /S /GoTo /D [3 0 R /Fit] >> /StructParent << /S /Link >> >>"
    information = b"<< /Title <feff8acb6c42> /Author (A\\040B) /Producer (Writer#20) >>"
    data = pdf(link, goto, information, catalog=b"/OpenAction [3 0 R /FitH 0]", trailer=b"/Info 6 0 R")
    features, children, error = read(data)
    assert error is None
    assert children == []
    assert features == {
        "pdf.version": ["1.7"],
        "pdf.pages": [1],
        "pdf.updates": [0],
        "pdf.encrypted": [False],
        "pdf.title": ["請求"],
        "pdf.author": ["A B"],
        "pdf.producer": ["Writer#20"],
        "pdf.action": ["URI"],
        "url": ["https://www.example.com/a(1)"],
    }


def test_a_script_that_runs_when_the_document_is_opened():
    script = b"app.launchURL('http://198.51.100.7/x', true);"
    for action in (
        b"<< /S /JavaScript /JS (" + script.replace(b"(", b"\\(").replace(b")", b"\\)") + b") >>",
        b"<< /#53 /Java#53cript /J#53 <" + script.hex().encode() + b"> >>",
        b"<</S/JavaScript/JS 5 0 R>>",
    ):
        body = stream(zlib.compress(script), b"/Filter /FlateDecode")
        features, (child,), error = read(pdf(action, body, catalog=b"/OpenAction 4 0 R"))
        assert error is None
        assert features["pdf.auto_action"] == ["JavaScript"]
        assert features["pdf.javascript"] == [script.decode()]
        assert features["url"] == ["http://198.51.100.7/x"]
        assert (child.data, child.kind, child.relation) == (script, "jscript", "embedded")


def test_scripts_that_need_a_click_or_belong_to_a_field():
    action = b"<< /S /JavaScript /JS (AFNumber_Format\\(2\\)) >>"
    field = b"<< /FT /Tx /Subtype /Widget /AA << /C 4 0 R /K 4 0 R >> >>"
    features, _, _ = read(pdf(action, field, catalog=b"/AcroForm << /Fields [5 0 R] >>"))
    assert features["pdf.action"] == ["JavaScript"]
    assert "pdf.auto_action" not in features
    assert features["pdf.form"] == [True]


@pytest.mark.parametrize(
    "catalog",
    [
        b"/Names << /JavaScript << /Names [(a) 4 0 R] >> >>",
        b"/AA << /WC 4 0 R >>",
        b"/OpenAction << /S /GoTo /Next [4 0 R] >>",
    ],
)
def test_other_ways_to_run_unasked(catalog):
    features, _, _ = read(pdf(b"<< /S /JavaScript /JS (x\\(\\)) >>", catalog=catalog))
    assert features["pdf.auto_action"] == ["JavaScript"]


def test_a_program_is_launched():
    action = b"<< /S /Launch /Win << /F (cmd.exe) /P (/c start calc) >> >>"
    features, (child,), _ = read(pdf(action, catalog=b"/OpenAction 4 0 R"))
    assert features["pdf.launch"] == ["cmd.exe /c start calc"]
    assert features["pdf.auto_action"] == ["Launch"]
    assert (child.kind, child.data) == ("cmd", b"cmd.exe /c start calc")
    features, children, _ = read(pdf(b"<< /S /Launch /F << /Type /Filespec /F (part2.pdf) >> >>"))
    assert (features["pdf.launch"], children) == (["part2.pdf"], [])


def test_targets_of_forms_and_remote_jumps():
    form = b"<< /S /SubmitForm /F << /FS /URL /F (http://192.0.2.9/collect) >> /Fields [] >>"
    jump = b"<< /S /GoToR /F (\\\\\\\\192.0.2.9\\\\share\\\\a.pdf) /D [0 /Fit] >>"
    features, _, _ = read(pdf(form, jump))
    assert features["pdf.action"] == ["SubmitForm", "GoToR"]
    assert features["pdf.target"] == ["http://192.0.2.9/collect", r"\\192.0.2.9\share\a.pdf"]
    assert "pdf.form" not in features


def test_embedded_files_are_children_once():
    file = b"<< /Type /Filespec /F (a.exe) /UF <feff 8acb 6c42 002e 0065 0078 0065> /EF << /F 5 0 R /UF 5 0 R >> >>"
    features, children, _ = read(
        pdf(file, stream(b"MZ" + bytes(70), b"/Type /EmbeddedFile"), stream(b"PK", b"/Type /EmbeddedFile"))
    )
    assert features["pdf.embedded"] == ["請求.exe"]
    assert [(child.name, child.data[:2], child.relation) for child in children] == [
        ("請求.exe", b"MZ", "embedded"),
        ("embedded file 6", b"PK", "embedded"),
    ]


@pytest.mark.parametrize("length", [0, 3, 99_999, -1])
def test_a_stream_with_a_wrong_length(length):
    _, (child,), _ = read(pdf(stream(b"payload", b"/Type /EmbeddedFile", length=length)))
    assert child.data == b"payload"


def test_an_indirect_length_and_no_end():
    body = b"<< /Type /EmbeddedFile /Length 9 0 R >> stream\r\npayload\r\nendobj"
    assert read(pdf(body))[1][0].data == b"payload"


def test_objects_in_object_streams():
    inside = b"10 0 11 33 << /S /JavaScript /JS (one\\(\\)) >>  << /S /URI /URI (http://a.example/) >>"
    first = inside.index(b"<<")
    inside = b"10 0 11 %d " % (inside.rindex(b"<<") - first) + inside[first:]
    packed = stream(zlib.compress(inside), b"/Type /ObjStm /N 2 /First %d /Filter [/FlateDecode]" % inside.index(b"<<"))
    features, children, error = read(pdf(packed, catalog=b"/OpenAction 10 0 R"))
    assert error is None
    assert features["pdf.auto_action"] == ["JavaScript"]
    assert features["url"] == ["http://a.example/"]
    assert children[0].data == b"one()"


def test_updates_and_what_they_replace():
    first = pdf(b"<< /S /URI /URI (http://a.example/) >>")
    update = b"4 0 obj << /S /URI /URI (http://b.example/) >> endobj trailer << /Root 1 0 R >> startxref 9 %%EOF"
    features, _, _ = read(first + update)
    assert features["pdf.updates"] == [1]
    assert features["url"] == ["http://a.example/", "http://b.example/"]


def test_only_a_listed_object_hides_in_a_stream():
    inner = b"8 0 obj << /S /URI /URI (http://hidden.example/) >> endobj"
    data = pdf(stream(inner, b"/Type /EmbeddedFile"))
    assert "url" not in read(data)[0]
    at = data.index(b"8 0 obj")
    assert read(data + b"%010d 00000 n" % at)[0]["url"] == ["http://hidden.example/"]


def test_scripts_of_an_xml_form():
    form = b'<subform><event><script contentType="application/x-javascript">xfa.host.x()</script></event></subform>'
    features, (child,), _ = read(pdf(stream(form), catalog=b"/AcroForm << /XFA [(template) 4 0 R] >>"))
    assert features["pdf.form"] == [True]
    assert (child.data, child.kind) == (b"xfa.host.x()", "jscript")


def test_a_web_archive_behind_a_header():
    data = pdf(b"<< >>") + b"MIME-Version: 1.0\r\nContent-Type: multipart/related\r\n\r\n"
    features, (child,), _ = read(data)
    assert features["pdf.mime"] == [True]
    assert child.data.startswith(b"MIME-Version")


# RC4 with 40 bits and a key that no password gives.
ENCRYPT = (
    b"/Encrypt << /Filter /%s /V 1 /R 2 /P -4 /O <" + b"00" * 32 + b"> /U <" + b"00" * 32 + b"> >> /ID [<00> <00>]"
)


@pytest.mark.parametrize(("handler", "reason"), [(b"Standard", "no password found"), (b"Other", "Other is not read")])
def test_a_locked_document_says_so(handler, reason):
    file = b"<< /Type /Filespec /F (x) /EF << /F 5 0 R >> >>"
    data = pdf(file, stream(b"x", b"/Type /EmbeddedFile"), trailer=ENCRYPT % handler)
    features, children, error = read(data)
    assert error is None
    assert features["pdf.encrypted"] == [True]
    assert [child.name for child in children] == ["a.pdf", "embedded file 5"]
    assert all(child.unscanned.startswith("encrypted: ") and reason in child.unscanned for child in children)


def test_an_empty_password_opens():
    from sekisho.analyzers._pdf_crypt import _PAD, _file_key, _rc4, handler_of

    fields = {"Filter": "Standard", "V": 1, "R": 2, "P": -4, "O": b"o" * 32, "U": b""}
    handler = handler_of(fields, b"i")
    key = _file_key(handler, b"")
    encrypt = b"/Encrypt << /Filter /Standard /V 1 /R 2 /P -4 /O <%s> /U <%s> >> /ID [<69> <69>]"
    trailer = encrypt % ((b"o" * 32).hex().encode(), _rc4(key, _PAD).hex().encode())
    import hashlib

    def locked(text, number):
        return _rc4(hashlib.md5(key + number.to_bytes(3, "little") + b"\0\0").digest()[:10], text)

    uri = b"<< /S /URI /URI <%s> >>" % locked(b"http://a.example/", 4).hex().encode()
    features, (child,), error = read(pdf(uri, stream(locked(b"bytes", 5), b"/Type /EmbeddedFile"), trailer=trailer))
    assert error is None
    assert features["url"] == ["http://a.example/"]
    assert "pdf.password" not in features
    assert child.data == b"bytes"


def test_where_a_header_may_stand():
    data = pdf(b"<< >>")
    claims = load()["pdf"].claims
    assert claims(Artifact("a", data, "a"))
    assert claims(Artifact("a", b"\0" * 900 + data, "a"))
    assert not is_pdf(Artifact("a", b"\0" * 1_100 + data, "a"))
    assert not is_pdf(Artifact("a", b"PK\x03\x04" + bytes(40) + data, "a"))
    assert not is_pdf(Artifact("a", b"Subject: x\r\n\r\n" + data, "a"))
    assert not is_pdf(Artifact("a", b"a text about %PDF- headers", "a"))


def test_no_object_at_all():
    features, _, error = read(b"%PDF-1.4\n")
    assert isinstance(error, MalformedError)
    assert features["pdf.version"] == ["1.4"]


@pytest.mark.parametrize("piece", [b"<<", b"(", b"{", b"[", b"()", b"1 0 obj", b"obj", b"\\("])
def test_endless_pieces_end_soon(piece):
    read(b"%PDF-1.4\n1 0 obj " + piece * (200_000 // len(piece)))


def test_only_foreseen_errors_come_out_of_broken_documents():
    dice = random.Random(11)
    file = b"<< /Type /Filespec /F (a.exe) /EF << /F 6 0 R >> >>"
    script = stream(zlib.compress(b"app.alert()"), b"/Filter /FlateDecode /DecodeParms << /Predictor 12 /Columns 3 >>")
    body = stream(b"MZ" + bytes(70), b"/Type /EmbeddedFile")
    packed = stream(zlib.compress(b"20 0 << /S /Launch /F (x.exe) >>"), b"/Type /ObjStm /N 1 /First 5 /Filter /Fl")
    action = b"<< /S /JavaScript /JS 4 0 R /Next << /S /Launch /Win << /F (cmd) /P (/c) >> >> >>"
    seed = pdf(script, file, body, packed, action, catalog=b"/OpenAction 8 0 R", trailer=ENCRYPT % b"Standard")
    plain = pdf(script, file, body, packed, action, catalog=b"/OpenAction 8 0 R")
    for number in range(400):
        data = bytearray(seed if number % 4 == 0 else plain)
        for _ in range(dice.randrange(1, 8)):
            data[dice.randrange(5, len(data))] = dice.choice(b"<>[]()/%0 9RS\xff\0")
        read(bytes(data[: dice.randrange(20, len(data) + 1)] if number % 2 else data))
