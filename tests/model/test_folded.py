"""Disguised letters are read as a reader reads them; honest writing is not called disguised."""

import random

import pytest

from sekisho.model.folded import disguised, fold


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("Verify", "verify"),
        ("v\u0435rify", "verify"),  # Cyrillic e
        ("ver\u200bify", "verify"),
        ("Ver\u00adify", "verify"),
        ("ＡＭＡＺＯＮ", "amazon"),
        ("𝐏𝐚𝐲𝐏𝐚𝐥", "paypal"),
        ("\u03bdFT", "vft"),
        ("am\u073fazon", "amazon"),
        ("verificação", "verificacao"),
        ("Größe", "große"),
        ("がぎぐゲーム", "がぎぐゲーム"),
        ("ﾊﾟｽﾜｰﾄﾞ", "パスワード"),
    ],
)
def test_fold(text, plain):
    assert fold(text) == plain


@pytest.mark.parametrize(
    "text",
    [
        "p\u200bassword",
        "аccount",
        "Amаzon",
        "micros\u043eft",
        "C\u00adorp",
        "𝐀𝐩𝐩𝐥𝐞 ID",
        "υniswap",
        "am\u073faz\u0483on",
    ],
)
def test_disguised_words_are_found(text):
    assert disguised(text)


@pytest.mark.parametrize(
    "text",
    [
        "Plain English, with naïve façade and Größe.",
        "東京の天気 α版 β版 Windows® 11",
        "μm and α-decay at 5 Ω",
        "Привет, это обычное письмо.",
        "Ελληνικά και English μαζί",
        "Donau\u00addampf\u00adschiff\u00adfahrts\u00adgesellschaft",
        "میخواهم\u200cبروم",
        "preheader \u200c \u200c \u200c \u200c text",
        "👩\u200d💻 works",
    ],
)
def test_honest_writing_is_not(text):
    assert disguised(text) == []


def test_any_text_takes_little_time_and_gives_few_words():
    dice = random.Random(3)
    for _ in range(200):
        text = "".join(chr(dice.choice((0x61, 0x430, 0x200B, 0x20, 0x3042, 0x1D400))) for _ in range(3_000))
        assert len(disguised(text)) <= 10
        fold(text)
