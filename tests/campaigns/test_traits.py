from sekisho.campaigns.traits import TRAITS, Evidence, File, skeleton, traits


def of(kind, evidence):
    return [value for name, value in traits(evidence) if name == kind]


def test_spellings_of_one_address_are_one_trait():
    for url in ("http://0xcb007107/f/a.html", "http://203.0.113.7/f/b.html", "http://0313.0.0161.07/c"):
        assert of("url.ip", Evidence(urls=(url,))) == ["203.0.113.7"]


def test_a_file_gives_its_shape_and_lineage():
    file = File("form 04.25.2022.lnk", sha256="AB" * 32, lineage="zip>lnk")
    found = dict(traits(Evidence(files=(file,))))
    assert found["file.shape"] == "form 2#.2#.4#.lnk"
    assert found["file.sha256"] == "ab" * 32
    assert found["file.lineage"] == "zip>lnk"


def test_generic_names_are_no_traits():
    assert not of("file.name", Evidence(files=(File("image001.png"),)))


def test_a_macro_keeps_its_skeleton_when_names_change():
    one = 'Sub AutoOpen()\nSet a = CreateObject("x")\na.Run Chr(1) & Replace(b, "q", "")\nEnd Sub'
    two = one.replace("a.", "zz.").replace("Set a", "Set zz").replace('"x"', '"yy"').replace("(b,", "(other,")
    assert skeleton(one) == skeleton(two) != ""
    assert skeleton("x = 1") == ""


def test_a_flood_of_values_is_cut():
    many = Evidence(urls=tuple(f"http://h{n}.example/{n}abc" for n in range(9_999)), subjects=("a b " * 9_999,))
    assert len(traits(many)) <= TRAITS
