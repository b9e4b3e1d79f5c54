"""What a console keeps in memory: the options of its investigations, read once."""

from sekisho.app.web.desk import Settings, open_desk
from sekisho.app.web.kept import work_options


def test_the_options_of_investigations_are_those_of_the_start(tmp_path):
    whose = tmp_path / "organisation.yml"
    whose.write_text("domains: [corp.example]\n")
    desk = open_desk(Settings(tmp_path / "desk", work=("--rules", "/a", "--rules", "/b", "--organisation", str(whose))))
    found = work_options(desk)
    assert (found.rules, found.pipeline, found.organisation) == (["/a", "/b"], [], str(whose))
    desk.database.close()
