"""The tests mirror the tree: every public module has a test file of its own where its name says."""

from pathlib import Path

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src" / "sekisho"
# Tested where they are used, or by what they make possible.
ELSEWHERE = {
    "model": {
        "campaign",
        "freemail",
        "lookalike_letters",
        "artifact",
        "errors",
        "event",
        "finding",
        "ids",
        "incident",
        "limits",
        "observable",
        "organisation",
        "result",
        "rule",
        "url",
    },
    "correlate": {
        "advice",
        "cases",
        "chart",
        "deeds",
        "history",
        "joins",
        "lineage",
        "processes",
        "reach",
        "records",
        "story",
        "witnesses",
    },  # through test_incidents and test_server_stories
    "normalize": {
        "ocsf_classes",
        "records_logsources",
        "windows_aliases",
        "windows_logsources",
        "windows_mapping",
        "windows_shapes",
    },  # data tables, and parts of Windows events: through test_ocsf, test_records, test_windows
    "app": {"pipeline", "logs", "ruleset", "worker", "doctor"},  # through test_lab_cases, test_cli, test_examine
}


def test_every_public_module_has_its_test():
    missing = []
    for path in SOURCE.rglob("*.py"):
        inside = path.relative_to(SOURCE)
        if path.stem.startswith("_") or path.stem in ELSEWHERE.get(inside.parts[0], set()):
            continue
        if not (ROOT / "tests" / inside.parent / f"test_{path.stem}.py").exists():
            missing.append(str(inside))
    assert not missing


def test_every_test_file_has_its_module():
    lost = []
    for path in (ROOT / "tests").rglob("test_*.py"):
        inside = path.relative_to(ROOT / "tests")
        if len(inside.parts) < 2 or inside.parts[0] in ("rules", "docs"):
            continue
        module = SOURCE / inside.parent / f"{path.stem.removeprefix('test_')}.py"
        if not module.exists() and path.stem not in FREE:
            lost.append(str(inside))
    assert not lost


# Tests of a whole: a case, a corpus, an attack.
FREE = {
    "test_archives",
    "test_mail",
    "test_mutants",
    "test_lab_cases",
    "test_planted_steps",
    "test_hostile",
    "test_regression",
    "test_letters",
    "test_lnk_agreement",
    "test_oletools_agreement",
    "test_scripts",
    "test_fail2ban_agreement",
    "test_mailservers",
    "test_chains",
    "test_lab_stories",
    "test_server_stories",
    "test_openapi",
    "test_pages",
    "test_founding_case",
    "test_hostile_mail",
}
