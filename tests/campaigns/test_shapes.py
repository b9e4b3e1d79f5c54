import random

import pytest

from sekisho.campaigns import shapes


@pytest.mark.parametrize(
    ("name", "shape"),
    [
        ("REJ-123456789-Apr-12.zip", "rej-9-10#-month-2#.zip"),
        ("REJ-987654321-May-03.zip", "rej-9-10#-month-2#.zip"),
        ("UjIEDgB.xls", "rnd.xls"),
        ("請求書_2022.xls", "請求書_4#.xls"),
        ("", "-"),
    ],
)
def test_file_names(name, shape):
    assert shapes.name_shape(name) == shape


@pytest.mark.parametrize(
    ("path", "shape"),
    [
        ("/urf/b0/Fe/UjIEDgB5.zip", "/l/m/m/r7-8.zip"),
        ("/vitaelibero/inventore-est-31247564", "/l/w-n7-8"),
        ("/44707.8876982639.dat", "/n.n.dat"),
        ("/wp-content/8ST56kZvvQ/", "/w/r9-10/"),
        ("", "/"),
    ],
)
def test_paths(path, shape):
    assert shapes.path_shape(path) == shape


def test_names_numbers_and_links_do_not_change_a_text():
    one = "Dear Anna, invoice 4711 of 3 May is due. Pay at https://a.example/x or write to pay@a.example today please."
    two = "Dear Anna, invoice 99 of 12 June is due. Pay at http://b.example/y?z or write to me@b.example today please."
    assert shapes.passages(one) == shapes.passages(two) != ()


def test_other_texts_share_no_passage():
    one = shapes.passages("Your parcel waits at the depot, choose a new day for its delivery")
    assert not set(one) & set(shapes.passages("We could not charge the card on file, please renew your membership now"))


def test_japanese_is_cut_into_pairs():
    assert shapes.words("請求書") == ["請求", "求書"]
    assert len(shapes.passages("請求書を添付しましたのでご確認ください")) == shapes.SKETCH


def test_subjects_lose_their_reply_marks():
    assert shapes.subject_shape("RE: Fwd: Invoice 12 of April") == "invoice 0 of month"
    assert shapes.is_reply("転送：請求書")
    assert not shapes.is_reply("Report")


def test_urls_are_taken_apart_without_port_and_user():
    assert shapes.split_url("http://u@A.example:8080/p/q?x=1#f") == ("a.example", "/p/q", "x=1")


def test_anything_is_a_text():
    dice = random.Random(3)
    letters = "aZ0.-_/?&=@:%\u3042\ud800\0é \n"
    for _ in range(300):
        text = "".join(dice.choice(letters) for _ in range(dice.randrange(80)))
        shapes.name_shape(text), shapes.path_shape(text), shapes.subject_shape(text), shapes.local_shape(text)
        assert len(shapes.passages(text)) <= shapes.SKETCH
        assert len(shapes.split_url(text)) == 3
