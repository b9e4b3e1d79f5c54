"""MS-OVBA: the specification's own examples, every corner of a chunk, and projects whose parts are missing."""

import random
from pathlib import Path

import pytest

from sekisho.analyzers._compound import Compound
from sekisho.analyzers._ovba import carve, codec_of, decompress, has_project, is_bare, read_projects
from sekisho.app.lab.cfb import write_compound
from sekisho.app.lab.ovba import compress, vba_project
from sekisho.model.errors import MalformedError

SHARED = Path(__file__).parents[2].parent / "shared" / "data"
MODULES = {"ThisDocument": "Sub Document_Open()\n  請求 = 1\nEnd Sub", "Module1": 'Sub a()\n  MsgBox "x"\nEnd Sub'}

# [MS-OVBA] 3.2.1, 3.2.2, 3.2.3
SPECIFICATION = [
    (
        "0119b00061626364656667680069 6a6b6c6d6e6f700071727374 7576 2e",
        b"abcdefghijklmnopqrstuv.",
    ),
    (
        "012fb00023616161626364658266007061676869 6a013808616b6c00306d6e6f7006710270041072737475761077 78797a003c",
        b"#aaabcdefaaaaghijaaaaaklaaamnopqaaaaaaaaaaaarstuvwxyzaaa",
    ),
    ("0103b002614500", b"a" * 73),
]


def document(modules=MODULES, place="Macros", codepage=932, drop=(), change=None):
    streams = {f"{place}/{path}": data for path, data in vba_project(modules, codepage=codepage).items()}
    for path in drop:
        del streams[f"{place}/{path}"]
    streams.update(change or {})
    streams["WordDocument"] = bytes(512)
    return write_compound(streams)


def projects(data):
    return list(read_projects(Compound(data)))


@pytest.mark.parametrize(("packed", "plain"), SPECIFICATION)
def test_examples_of_the_specification(packed, plain):
    assert decompress(bytes.fromhex(packed)) == (plain, "")


def test_every_length_survives_a_round_trip():
    generator = random.Random(1)
    for size in [0, 1, 8, 9, 4095, 4096, 4097, 9000]:
        plain = bytes(generator.choice(b"abcab  \r\n") for _ in range(size))
        assert decompress(compress(plain)) == (plain, "")


def test_a_raw_chunk_holds_4096_bytes_and_may_be_short():
    raw = bytes(range(256)) * 16
    assert decompress(b"\x01" + (0x3FFF).to_bytes(2, "little") + raw) == (raw, "")
    assert decompress(b"\x01" + (0x3FFF).to_bytes(2, "little") + raw[:100]) == (raw[:100], "")


def test_a_cut_chunk_gives_what_was_there():
    packed = compress(b"Attribute VB_Name = 1\r\n" * 20)
    plain, _ = decompress(packed[:30])
    assert b"Attribute VB_Name" in plain


def test_breaks_are_named_and_keep_what_came_before():
    good = compress(b"abcdefgh" * 600)
    plain, problem = decompress(good + b"\x00\x00\x00")
    assert plain == b"abcdefgh" * 600
    assert "signature" in problem
    plain, problem = decompress(bytes.fromhex("0105b00161ffff6162"))
    assert "before its chunk" in problem
    with pytest.raises(MalformedError):
        decompress(b"\x02abc")
    with pytest.raises(MalformedError):
        decompress(b"")


def test_output_is_bounded():
    plain, problem = decompress(compress(b"a" * 40_000), limit=10_000)
    assert len(plain) == 10_000
    assert "text_chars" in problem


def test_project_in_its_code_page():
    (project,) = projects(document())
    assert (project.name, project.code_page, project.problems) == ("Project", 932, ())
    assert [(module.name, module.kind) for module in project.modules] == [("ThisDocument", "cls"), ("Module1", "bas")]
    assert "請求 = 1" in project.modules[0].source
    assert project.modules[1].source.startswith('Attribute VB_Name = "Module1"\r\n')


def test_modules_are_found_without_dir():
    (project,) = projects(document(drop=["VBA/dir"]))
    assert {module.name for module in project.modules} == {"ThisDocument", "Module1"}
    assert 'MsgBox "x"' in "".join(module.source for module in project.modules)
    assert project.problems


def test_modules_are_found_with_broken_dir_and_project_streams():
    broken = {"Macros/VBA/dir": compress(b"\xff" * 40), "Macros/PROJECT": b"\xff\xfe\0\0Module"}
    (project,) = projects(document(change=broken))
    assert len(project.modules) == 2


def test_module_that_dir_does_not_name():
    hidden = compress(b'Attribute VB_Name = "Hidden"\r\nSub x()\r\nEnd Sub\r\n')
    (project,) = projects(document(change={"Macros/VBA/Hidden": b"junk" * 10 + hidden}))
    assert [module.name for module in project.modules] == ["ThisDocument", "Module1", "Hidden"]


def test_wrong_offset_is_corrected_and_missing_stream_named():
    (project,) = projects(
        document(change={"Macros/VBA/Module1": b"\0" * 30 + compress(b'Attribute VB_Name = "Module1"\r\n')})
    )
    assert project.modules[1].source == 'Attribute VB_Name = "Module1"\r\n'
    (project,) = projects(document(drop=["VBA/Module1"]))
    assert project.modules[1].problem == "no stream"


def test_constants_that_only_the_compiled_code_has():
    compiled = b"\xb9\x00\x08\x00hidden!!" + b"\xb9\x00\x05\x00known" + b"\xb9\x00\xff\x00cut"
    source = compress(b'Attribute VB_Name = "Module1"\r\nx = "known"\r\n')
    (project,) = projects(document(change={"Macros/VBA/Module1": compiled + source}))
    assert project.modules[1].constants == ("hidden!!",)


def test_carving_without_any_directory():
    data = bytes(1000) + compress(b'Attribute VB_Name = "A"\r\n') + bytes(50) + compress(b'Attribute VB_Name = "B"\r\n')
    assert [source[:25] for source in carve(data)] == [b'Attribute VB_Name = "A"\r\n', b'Attribute VB_Name = "B"\r\n']
    assert has_project(data)
    assert not has_project(bytes(1000))


def test_small_facts():
    assert codec_of(932) == "cp932"
    assert codec_of(65001) == "utf-8"
    assert codec_of(99999) == "cp1252"
    assert is_bare('Attribute VB_Name = "x"\r\nAttribute VB_Base = "y"\r\n\r\n')
    assert not is_bare('Attribute VB_Name = "x"\r\nSub a()\r\n')


def test_mutations_raise_nothing_unforeseen():
    generator = random.Random(7)
    packed = compress(b'Attribute VB_Name = "A"\r\nSub x()\r\nEnd Sub\r\n' * 30)
    whole = document()
    for _ in range(300):
        for data, read in ((bytearray(packed), decompress), (bytearray(whole), projects)):
            for _ in range(generator.choice([1, 5, 30])):
                data[generator.randrange(len(data))] = generator.randrange(256)
            cut = data[: generator.randrange(len(data))] if generator.random() < 0.3 else data
            try:
                read(bytes(cut))
            except MalformedError:
                continue


@pytest.mark.shared
@pytest.mark.skipif(not SHARED.exists(), reason="real data not beside the project")
def test_real_projects_read_without_problems():
    data = (SHARED / "fixtures/oletools/encrypted/autostart-encrypt-standardpassword.xls").read_bytes()
    (project,) = projects(data)
    assert project.problems == ()
    assert project.modules[0].source == (
        'Attribute VB_Name = "Modul1"\r\nSub Auto_Open()\r\n MsgBox "Hello World"\r\nEnd Sub\r\n'
    )
    assert [module.kind for module in project.modules] == ["bas", "cls", "cls"]
    assert not any(module.constants or module.problem for module in project.modules)
