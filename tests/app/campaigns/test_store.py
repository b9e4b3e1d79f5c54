import pytest

from sekisho.app.campaigns.store import Store
from sekisho.model.campaign import Decision, Sighting, Trait
from sekisho.model.errors import SekishoError, SourceError

ONE = Sighting("s1", "mail", 86_400, "t\ud800", "a.eml", (Trait("theme", "tax"),), "jp", "tax", "", "emotet", "e4")


def test_what_is_kept_comes_back(tmp_path):
    path = str(tmp_path / "c.db")
    with Store(path, write=True) as store:
        assert store.add([ONE, ONE]) == 1
        store.decide(Decision("same", "s1", "s2", "why"))
        store.label(["s1"], "QakBot", "")
    with Store(path) as store:
        (found,) = store.sightings()
        assert (found.id, found.traits, found.family, found.distributor) == ("s1", ONE.traits, "qakbot", "e4")
        assert store.decisions() == [Decision("same", "s1", "s2", "why")]
    with Store(path, write=True) as store:
        assert store.undo().verdict == "same"
        with pytest.raises(SekishoError, match="no decision"):
            store.undo()


def test_other_files_are_refused_by_name(tmp_path):
    with pytest.raises(SourceError, match="no such store"):
        Store(str(tmp_path / "none.db"))
    other = tmp_path / "o.db"
    other.write_text("not a database at all, but a text of some length")
    with pytest.raises(SourceError, match="no store"):
        Store(str(other))


def test_only_some_sightings_of_a_place_stay(tmp_path):
    with Store(str(tmp_path / "c.db"), write=True) as store:
        places = {"s1": "c1/a.eml", "s2": "c1#i1", "s3": "c10/a.eml", "s4": "c2/c1/a.eml"}
        store.add(Sighting(key, "mail", 1, "t", place, ()) for key, place in places.items())
        assert store.places() == {"c1", "c10", "c2"}
        assert store.keep_only("c1", {"s2"}) == 1
        assert [one.id for one in store.sightings()] == ["s2", "s3", "s4"]
