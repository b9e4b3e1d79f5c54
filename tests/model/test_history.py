"""Passages and subjects, in the form that is found again."""

from sekisho.model.history import PASSAGES, Seen, passages, subject_of

TEXT = """Dear Mr Sato,

thank you for the order of last Friday. We ship it on Monday, as always.
添付の請求書をご確認いただけますでしょうか。よろしくお願いいたします。
"""


def test_quoted_text_is_found_again():
    quoted = "On Monday, Suzuki wrote:\n" + "".join(f"> > {line}\n" for line in TEXT.splitlines())
    assert set(passages(TEXT)) <= set(passages(quoted))
    assert passages(TEXT.upper().replace(",", "")) == passages(TEXT)
    assert len(passages(TEXT)) == 5  # three sentences, and the two lines that wrap them


def test_text_that_was_wrapped_anew_is_found_again():
    wrapped = TEXT.replace("order of last", "order\n> of\n> last").replace("ship it", "ship\nit")
    assert len(set(passages(TEXT)) & set(passages(wrapped))) >= 3


def test_what_everybody_writes_is_left_out():
    assert passages("Best regards\n\nお世話になります。\nThanks!") == []


def test_passages_are_bounded():
    assert len(passages("\n".join(f"this is line number {number}" for number in range(5_000)))) == PASSAGES
    assert len(passages("a" * 3_000_000)) == 1


def test_subjects():
    assert subject_of("RE: Fwd: [2] Re[3]:  Invoice  ") == "[2] re[3]: invoice"
    assert subject_of("Ｒｅ： 返信: 見積の件") == "見積の件"
    assert len(subject_of("Re: " * 10_000)) <= 300


def test_nothing_seen_is_false():
    assert not Seen()
    assert Seen(1)
