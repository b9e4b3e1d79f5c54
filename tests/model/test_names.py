"""Names of people, written in any way."""

import pytest

from sekisho.model.names import person_named, same_name, words_of
from sekisho.model.organisation import Person


@pytest.mark.parametrize(
    ("shown", "written"),
    [
        ("YAMADA, Taro (CEO)", "Taro Yamada"),
        ("山田　太郎", "山田太郎"),
        ("太郎山田", "山田 太郎"),
        ("社長 山田太郎", "山田 太郎"),
        ("ﾔﾏﾀﾞ ﾀﾛｳ", "ヤマダ タロウ"),
        ("Yuuko Ohno", "Ōno Yūko"),
        ("José Núñez", "Jose Nunez"),
        ("Madonna", "madonna"),
    ],
)
def test_the_same(shown, written):
    assert same_name(shown, written)


@pytest.mark.parametrize(
    ("shown", "written"),
    [
        ("Madonna Fan", "madonna"),
        ("", "madonna"),
        ("Taro", "Taro Yamada"),
        ("山田", "山田 太郎"),
        ("山田花子", "山田太郎"),
        ("x", ""),
    ],
)
def test_others(shown, written):
    assert not same_name(shown, written)


def test_whose_name_it_is():
    people = (Person(("Hanako Sato",)), Person(("山田 太郎", "Taro Yamada")))
    assert person_named("yamada taro", people) is people[1]
    assert person_named("Jiro Suzuki", people) is None
    assert words_of("Sato, Hanako 3") == words_of("hanako sato")
