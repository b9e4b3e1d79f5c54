"""Rules are found on disk and loaded once: our own beside the program, others from folders the user names."""

from __future__ import annotations

import os
import pickle
import stat
import tempfile
from collections.abc import Iterable, Iterator
from hashlib import sha256
from pathlib import Path

import sekisho
from sekisho.detect import rules
from sekisho.model import rule
from sekisho.model.errors import RuleError

RULE_BYTES = 1024 * 1024  # a rule file larger than this is none


def own_rules() -> Path:
    """Give the folder of the rules that ship with Sekisho: in the wheel, else in the checkout."""
    package = Path(sekisho.__file__).parent
    packed = package / "_rules"
    return packed if packed.is_dir() else package.parent.parent / "rules"


def load(paths: Iterable[str], *, cache: bool = True) -> rules.RuleSet:
    """Load our own rules and those below ``paths``; what cannot run is in ``failed`` with file and line.

    A loaded set is kept in the user's cache folder under the hash of all its texts, so that thousands of public
    rules cost their parsing once.
    """
    documents, unreadable = _read([str(own_rules()), *paths])
    key = sha256(f"{sekisho.__version__} {_engine_age()}".encode())
    for path, text in documents:
        key.update(f"{path}\0{len(text)}\0{text}".encode("utf-8", "surrogatepass"))
    kept = _cache_folder() / f"rules-{key.hexdigest()[:32]}.pickle" if cache else None
    loaded = _cached(kept) if kept else None
    if loaded is None:
        loaded = rules.load(documents)
        if kept:
            _keep(loaded, kept)
    return rules.RuleSet(loaded.compiled, [*loaded.failed, *unreadable])


def _read(paths: Iterable[str]) -> tuple[list[tuple[str, str]], list[RuleError]]:
    documents, failed = [], []
    for given in paths:
        found = False
        for path in _files(Path(given)):
            found = True
            try:
                status = path.stat()
                if not stat.S_ISREG(status.st_mode):
                    failed.append(RuleError("not a regular file", str(path)))
                    continue
                if status.st_size > RULE_BYTES:
                    failed.append(RuleError(f"larger than {RULE_BYTES} bytes", str(path)))
                    continue
                documents.append((str(path), path.read_text(encoding="utf-8-sig", errors="replace")))
            except OSError as error:
                failed.append(RuleError(f"cannot be read: {error.strerror}", str(path)))
        if not found:
            failed.append(RuleError("no rule file (.yml, .yaml) here", given))
    return documents, failed


def _files(path: Path) -> Iterator[Path]:
    if path.is_dir():
        for folder, names, files in os.walk(path):
            # Sigma repositories keep test data beside their rules; its info.yml files are no rules.
            names[:] = sorted(name for name in names if name != "regression_data" and not name.startswith("."))
            yield from (Path(folder) / name for name in sorted(files) if name.endswith((".yml", ".yaml")))
    elif path.exists():
        yield path


def _engine_age() -> int:
    """Give the time of the newest change to the engine, so that no rule set outlives the code that reads it."""
    modules = [*Path(rules.__file__).parent.glob("*.py"), Path(rule.__file__)]
    return max(path.stat().st_mtime_ns for path in modules)


def _cache_folder() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "sekisho"


def _cached(path: Path) -> rules.RuleSet | None:
    """Read a kept set back, if it is there, ours and whole."""
    try:
        if path.stat().st_uid != os.geteuid():
            return None
        with path.open("rb") as file:
            loaded = pickle.load(file)
    except (OSError, pickle.PickleError, EOFError, AttributeError, ImportError, IndexError, TypeError):
        return None
    return loaded if isinstance(loaded, rules.RuleSet) else None


def _keep(loaded: rules.RuleSet, path: Path) -> None:
    """Write a set for the next run; a folder that cannot be written costs only time."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as file:
            pickle.dump(loaded, file, protocol=pickle.HIGHEST_PROTOCOL)
        Path(file.name).replace(path)
    except OSError:
        return
