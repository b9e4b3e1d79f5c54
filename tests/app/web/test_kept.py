"""What a console keeps in memory: the options of its investigations, read once."""

from sekisho.app.web.desk import Settings, open_desk
from sekisho.app.web.kept import work_options


def test_the_options_of_investigations_are_those_of_the_start(tmp_path):
    desk = open_desk(Settings(tmp_path, work=("--rules", "/a", "--rules", "/b", "--organisation", "/o.toml")))
    found = work_options(desk)
    assert (found.rules, found.pipeline, found.organisation) == (["/a", "/b"], [], "/o.toml")
