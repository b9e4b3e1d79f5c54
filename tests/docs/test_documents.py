"""What the documents say is true of the program: commands, links, quotes, generated pages and the schema."""

import importlib.util
import json
import re
import shlex
import tomllib
from pathlib import Path

import jsonschema
import pytest

from sekisho.app.cli import _parser

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
QUOTE = re.compile(r"^<!-- from (\S+) -->\n```\w+\n(.*?)^```$", re.DOTALL | re.MULTILINE)
HEADING = re.compile(r"^#+ .+$", re.MULTILINE)
LINK = re.compile(r"\]\((?!https?:|mailto:)([^)\s]+)\)")
ENDS_COMMAND = {"|", "||", "&", "&&", ";", ">", ">>", "2>"}
REQUIREMENT = re.compile(r"\./dev (\w+)")


def text_of(path):
    return path.read_text(encoding="utf-8")


def shown(path):
    return path.relative_to(ROOT).as_posix()


def commands(word):
    for path in PAGES:
        for language, block in FENCE.findall(text_of(path)):
            for line in block.replace("\\\n", " ").splitlines() if language == "sh" else ():
                if line.startswith(f"{word} "):
                    yield pytest.param(line, id=f"{shown(path)}: {line}")


@pytest.fixture(scope="module")
def generate():
    spec = importlib.util.spec_from_file_location("generate", ROOT / "docs" / "generate.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def without_code(text):
    return FENCE.sub("", text)


def anchor(heading):
    return re.sub(r"[^\w\- ]", "", heading.lstrip("# ").lower()).replace(" ", "-")


@pytest.mark.parametrize("line", list(commands("sekisho")))
def test_every_documented_command_parses(line):
    words = shlex.split(line, comments=True)[1:]
    end = next((index for index, word in enumerate(words) if word in ENDS_COMMAND), len(words))
    assert _parser().parse_args(words[:end]).run


@pytest.mark.parametrize("line", list(commands("./dev")))
def test_every_documented_workbench_command_exists(line):
    assert f'"{shlex.split(line)[1]}": (' in text_of(ROOT / "dev")


def test_the_walk_found_commands_and_pages():
    assert len(list(commands("sekisho"))) > 20
    assert {"README.md", "README.ja.md", "CONTRIBUTING.md", "SECURITY.md", "docs/README.md"} <= {*map(shown, PAGES)}


@pytest.mark.parametrize("path", PAGES, ids=shown)
def test_every_link_leads_somewhere(path):
    for target in LINK.findall(without_code(text_of(path))):
        file, _, part = target.partition("#")
        page = (path.parent / file).resolve() if file else path
        assert page.exists(), target
        if part:
            assert part in [anchor(heading) for heading in HEADING.findall(without_code(text_of(page)))], target


@pytest.mark.parametrize("path", PAGES, ids=shown)
def test_every_quote_is_in_the_file_it_names(path):
    for source, quoted in QUOTE.findall(text_of(path)):
        for piece in quoted.split("...\n"):
            assert piece in text_of(ROOT / source), f"{source}: {piece}"


@pytest.mark.parametrize("path", [path for path in PAGES if path.parent.name == "guide"], ids=shown)
def test_every_guide_is_in_the_index(path):
    assert f"(guide/{path.name})" in text_of(ROOT / "docs" / "README.md")


def test_both_readmes_have_the_same_parts():
    english, japanese = text_of(ROOT / "README.md"), text_of(ROOT / "README.ja.md")
    levels = [[heading.split()[0] for heading in HEADING.findall(without_code(text))] for text in (english, japanese)]
    assert levels[0] == levels[1]
    blocks = [[language for language, _ in FENCE.findall(text)] for text in (english, japanese)]
    assert blocks[0] == blocks[1]
    assert english.count("\n|") == japanese.count("\n|")


def test_the_readmes_tell_the_two_commands():
    for name in ("README.md", "README.ja.md"):
        assert REQUIREMENT.findall(text_of(ROOT / name))[:2] == ["demo", "test"]


def test_reference_pages_are_up_to_date(generate):
    for name, text in generate.pages():
        assert text_of(ROOT / "docs" / "reference" / name) == text, f"{name}: run ./dev golden"


def test_the_stories_in_the_readmes_are_what_the_program_tells(generate):
    told = list(generate.readmes())
    assert len(told) == 2
    for path, text in told:
        assert generate.STORY.search(text), path
        assert text_of(path) == text, f"{path.name}: run ./dev golden"


def test_the_result_schema_is_valid():
    schema = json.loads(text_of(ROOT / "docs" / "reference" / "result.schema.json"))
    jsonschema.Draft202012Validator.check_schema(schema)


def test_the_picture_is_small_enough_for_a_page():
    picture = ROOT / "docs" / "images" / "report.png"
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert picture.stat().st_size < 250_000


def test_the_stated_python_is_the_required_one():
    required = tomllib.loads(text_of(ROOT / "pyproject.toml"))["project"]["requires-python"]
    assert f"Python {required.removeprefix('>=')}" in text_of(ROOT / "README.md")
