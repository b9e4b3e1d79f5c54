"""Rules are found on disk and loaded once: our own beside the program, others from folders the user names."""

from __future__ import annotations

import gc
import os
import pickle
import stat
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

import sekisho
from sekisho.detect import ruleset
from sekisho.detect.ruleset import RuleSet
from sekisho.model import rule
from sekisho.model.errors import RuleError

if TYPE_CHECKING:
    from sekisho.detect.pipelines import Pipeline

RULE_BYTES = 1024 * 1024  # a rule file larger than this is none


def own_rules() -> Path:
    """Give the folder of the rules that ship with Sekisho: in the wheel, else in the checkout."""
    package = Path(sekisho.__file__).parent
    packed = package / "_rules"
    return packed if packed.is_dir() else package.parent.parent / "rules"


def own_pipelines() -> Path:
    """Give the folder of the pipelines that ship with Sekisho: in the wheel, else in the checkout."""
    package = Path(sekisho.__file__).parent
    packed = package / "_pipelines"
    return packed if packed.is_dir() else package.parent.parent / "pipelines"


def load(paths: Iterable[str], *, cache: bool = True, placeholders: str = "", fitted: Iterable[str] = ()) -> RuleSet:
    """Load our own rules and those below ``paths``; what cannot run is in ``failed`` with file and line.

    ``placeholders`` is a file of values for the names that rules use with ``expand``; empty for none. ``fitted``
    are pipelines, files or names of our own, that fit the rules below ``paths`` to our events.

    Raises:
        RuleError: a pipeline or the placeholders cannot be used; without them rules would miss in silence.

    A loaded set is kept in the user's cache folder under the names, sizes and times of change of its files, so that
    thousands of public rules cost their reading and parsing once. ``RuleSet.digest`` names the set.
    """
    paths = list(paths)
    written = pipeline_texts(fitted)
    fitting = _pipelines(written)
    words = read_placeholders(placeholders)
    key = _key(paths, written, words)
    kept = _cache_folder() / f"rules-{key[:32]}.pickle" if cache else None
    loaded = _cached(kept) if kept else None
    if loaded is None:
        from sekisho.detect import rules  # not for a kept set: reading rules and YAML takes 40 ms to import

        own, unreadable = texts([str(own_rules())])
        others, failed = texts(paths)
        loaded = rules.load(others, words, fitting, own)
        loaded = RuleSet(loaded.compiled, [*loaded.failed, *unreadable, *failed], loaded.correlations)
        if kept:
            _keep(loaded, kept)
    loaded.digest = key
    return loaded


def digest(paths: Iterable[str], *, fitted: Iterable[str] = ()) -> str:
    """Give what :func:`load` would name the set, without loading it: it changes when a file does.

    Raises:
        RuleError: a pipeline cannot be used.
    """
    return _key(list(paths), pipeline_texts(fitted), {})


def _key(paths: list[str], written: list[tuple[str, str]], words: Mapping[str, tuple[str, ...]]) -> str:
    key = sha256(
        f"{sekisho.__version__} {_engine_age()} {written!r} {sorted(words.items())!r}".encode("utf-8", "replace")
    )
    for folder in (str(own_rules()), "", *paths):
        key.update(_state(folder))
    return key.hexdigest()


def _state(given: str) -> bytes:
    """Give what changes when any rule file below a path does."""
    if not given:
        return b"\0"
    found = []
    for path in _files(given):
        try:
            status = os.stat(path)  # noqa: PTH116
        except OSError as error:
            found.append(f"{path}\0{error}")
        else:
            found.append(f"{path}\0{status.st_mode} {status.st_size} {status.st_mtime_ns} {status.st_ctime_ns}")
    return "\n".join([given, *found]).encode("utf-8", "surrogateescape")


def pipeline_texts(fitted: Iterable[str]) -> list[tuple[str, str]]:
    """Read pipelines: (path, text) pairs, of files or of our own by name.

    Raises:
        RuleError: there is no such file or name, or it cannot be read.
    """
    found = []
    for given in fitted:
        path = Path(given)
        if not path.exists() and path.name == given:
            path = own_pipelines() / f"{given}.yml"
        if not path.is_file():
            names = ", ".join(sorted(one.stem for one in own_pipelines().glob("*.yml")))
            raise RuleError(f"no such pipeline file; our own are called {names}", given)
        try:
            found.append((str(path), path.read_text(encoding="utf-8-sig", errors="replace")))
        except OSError as error:
            raise RuleError(f"cannot be read: {error.strerror}", str(path)) from error
    return found


def pipeline_notes(fitted: Iterable[str]) -> list[str]:
    """Say what of the pipelines has no meaning here.

    Raises:
        RuleError: a pipeline cannot be used.
    """
    return [note for one in _pipelines(pipeline_texts(fitted)) for note in one.notes]


def _pipelines(written: list[tuple[str, str]]) -> tuple[Pipeline, ...]:
    if not written:
        return ()
    from sekisho.detect import pipelines

    return pipelines.load(written)


def read_placeholders(path: str) -> dict[str, tuple[str, ...]]:
    """Read a file of placeholders: a YAML mapping of names to lists of values; an empty path gives none.

    Raises:
        RuleError: it cannot be read or is none.
    """
    if not path:
        return {}
    try:
        text = Path(path).read_text(encoding="utf-8-sig", errors="replace")
    except OSError as error:
        raise RuleError(f"cannot be read: {error.strerror}", path) from error
    from sekisho.detect.placeholders import values

    return values(path, text)


def texts(paths: Iterable[str]) -> tuple[list[tuple[str, str]], list[RuleError]]:
    """Read every rule file below the paths: (path, text) pairs, and what could not be read."""
    documents, failed = [], []
    for given in paths:
        found = False
        for path in map(Path, _files(given)):
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


def _files(given: str) -> Iterator[str]:
    if Path(given).is_dir():
        for folder, names, files in os.walk(given):
            # Sigma repositories keep test data beside their rules; its info.yml files are no rules.
            names[:] = sorted(name for name in names if name != "regression_data" and not name.startswith("."))
            yield from (os.path.join(folder, name) for name in sorted(files) if name.endswith((".yml", ".yaml")))  # noqa: PTH118 - thousands of Path objects cost more than reading the cache
    elif Path(given).exists():
        yield given


def _engine_age() -> int:
    """Give the time of the newest change to the engine, so that no rule set outlives the code that reads it."""
    modules = [*Path(ruleset.__file__).parent.glob("*.py"), Path(rule.__file__)]
    return max(path.stat().st_mtime_ns for path in modules)


def _cache_folder() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "sekisho"


def _cached(path: Path) -> RuleSet | None:
    """Read a kept set back, if it is there, ours and whole."""
    collecting = gc.isenabled()
    gc.disable()  # it would look through thousands of new rules several times for garbage that cannot be there
    try:
        if path.stat().st_uid != os.geteuid():
            return None
        with path.open("rb") as file:
            loaded = pickle.load(file)
    except (OSError, pickle.PickleError, EOFError, AttributeError, ImportError, IndexError, TypeError):
        return None
    finally:
        if collecting:
            gc.enable()
    return loaded if isinstance(loaded, RuleSet) else None


def _keep(loaded: RuleSet, path: Path) -> None:
    """Write a set for the next run; a folder that cannot be written costs only time."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as file:
            pickle.dump(loaded, file, protocol=pickle.HIGHEST_PROTOCOL)
        Path(file.name).replace(path)
    except OSError:
        return
