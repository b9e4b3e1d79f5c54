"""Compare the VBA and Excel 4.0 macro text of real documents with what olevba reads in them.

Not a test of the suite: oletools brings a dependency under the GPL, so it lives in an environment of its own.

Run: python3 -m venv /tmp/oracle && /tmp/oracle/bin/pip install oletools XLMMacroDeobfuscator
     .venv/bin/python tests/oracle/compare_macros.py /tmp/oracle/bin/olevba [folder]
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

from sekisho.app.examine import Examined, analyse
from sekisho.model.artifact import Artifact

FIXTURES = Path(__file__).parents[2].parent / "shared" / "data" / "fixtures" / "oletools"
# Of the part that lists formulas as they stand; SYLK files are listed in words of their own.
CELL = re.compile(r"CELL:\S+?\s*, (.*), [^,]*$|Formula or Macro: (.*)$")


def main() -> int:
    """Print one row a document that either side finds macros in."""
    olevba = sys.argv[1]
    folder = Path(sys.argv[2]) if len(sys.argv) > 2 else FIXTURES
    print("| document | macros by olevba | by Sekisho | same text |\n|---|---|---|---|")
    differing = 0
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        theirs, formulas = by_olevba(olevba, path)
        ours, cells = by_sekisho(path)
        if not (theirs or ours or formulas or cells):
            continue
        same = theirs == ours and formulas == cells
        differing += not same
        counts = [f"{len(vba)} modules, {len(xlm)} cells" for vba, xlm in ((theirs, formulas), (ours, cells))]
        print(f"| {path.relative_to(folder)} | {counts[0]} | {counts[1]} | {'yes' if same else 'NO'} |", flush=True)
    return 1 if differing else 0


def by_olevba(olevba: str, path: Path) -> tuple[list[str], list[str]]:
    """Give the module sources and macro sheet formulas that olevba prints."""
    done = subprocess.run([olevba, "--json", "--code", str(path)], capture_output=True, text=True, check=False)
    try:
        told = json.loads(done.stdout[max(0, done.stdout.find("[\n")) :])  # a library greets on the same stream
    except ValueError:
        return [], []
    documents = [one for one in told if one.get("type") != "Text"]  # any text counts as a macro there
    macros = [macro for one in documents for macro in one.get("macros") or []]
    sheets = [macro["code"] for macro in macros if "xlm" in (macro.get("vba_filename") or "").lower()]
    modules = [plain(macro["code"]) for macro in macros if macro["code"] not in sheets]
    raw = [line for code in sheets for line in code.partition("EMULATION")[0].splitlines()]
    formulas = {formula(match[1] or match[2]) for match in map(CELL.search, raw) if match}
    return sorted(code for code in modules if code), sorted(text for text in formulas if text)


def by_sekisho(path: Path) -> tuple[list[str], list[str]]:
    """Give the same as our analysers read it, parts included."""
    todo = [Artifact(path.name, path.read_bytes(), path.name)]
    modules, cells = [], set()
    while todo:
        found: Examined = analyse(todo.pop())
        for value in [*found.analysis.values("xlm.formula"), *found.analysis.values("xlm.cell")]:
            cells.add(formula(str(value).partition(" ")[2]))
        for child in found.children:
            if child.relation == "macro" and child.kind == "vba":
                modules.append(plain(child.data.decode("utf-8", "replace")))
            todo.append(child)
    return sorted(code for code in modules if code), sorted(cells)


def plain(code: str) -> str:
    """Fold what is no text of the author: line ends, and the attribute lines that the editor hides."""
    lines = [line.rstrip() for line in code.replace("\r\n", "\n").replace("\r", "\n").split("\n")]
    return "\n".join(line for line in lines if not line.startswith("Attribute ")).strip()


def formula(text: str) -> str:
    """Fold a formula's leading sign and blanks."""
    return text.strip().lstrip("=").replace(" ", "")


if __name__ == "__main__":
    sys.exit(main())
