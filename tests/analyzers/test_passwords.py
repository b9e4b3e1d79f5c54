"""Archive passwords in prose."""

from __future__ import annotations

import pytest

from sekisho.analyzers.passwords import candidates

FOUND = """
Password: W4ALLD|W4ALLD
password for the archive is gMZLBKgKO|gMZLBKgKO
パスワード：abc123|abc123
解凍パスワードは「xYz9」です|xYz9
PW: q1w2|q1w2
Pass 7733|7733
ZIPパスワードはx9Kq7です。|x9Kq7
展開パスワード/  Zk-9!a|Zk-9!a
パスワード：ＡＢＣ１２３|ABC123
解凍パスワード：【tokyo2022】|tokyo2022
パスワードは『さくら2022』になります|さくら2022
パスワードは以下の通りです。//mK3#pq//よろしく|mK3#pq
Das Passwort lautet: geheim1|geheim1
Kennwort: 1234abcd|1234abcd
Contraseña: hola99|hola99
Mot de passe : soleil7|soleil7
The zip pass is 1a2b3c.|1a2b3c
Archive password - 553311|553311
passcode: 9988|9988
xK93b is the password for the attachment|xK93b
「kd83」が解凍パスワードです|kd83
Use password 7781 to open the file|7781
ﾊﾟｽﾜｰﾄﾞ：kana77|kana77
【パスワード】/Qx71|Qx71
Password = "my pass"|my pass
パスワードはEmotet1にて解凍してください|Emotet1
file password (case sensitive): QQ11|QQ11
Password for the ZIP file (see attachment): 90210|90210
the password is “Sesame5”.|Sesame5
解凍パスワード：2022年4月|2022年4月
密码：abc888|abc888
■パスワード/　→ 8tGh2|8tGh2
解凍用パスワード abcd1234|abcd1234
パスワードは、abcd9876 になります。|abcd9876
""".strip().splitlines()
NONE = """
We will never ask for your password.
Click here to reset your password
Forgot your password? Click the link below.
Your password has been changed.
Your password will expire in 3 days.
パスワードをお忘れの方はこちら
パスワードの変更をお願いします。
パスワードの有効期限が切れています
パスワードは別途お送りします
Please enter your password below:/https://login.example/
Passengers: 12
password: https://login.example/reset
Your zip code: 12345
""".strip().splitlines()


@pytest.mark.parametrize("line", FOUND)
def test_first_candidate(line):
    text, _, word = line.rpartition("|")
    assert candidates(text.replace("/", "\n"), 40)[0] == word


@pytest.mark.parametrize("line", NONE)
def test_no_candidate(line):
    assert candidates(line.replace("/", "\n") if "https" not in line else line, 40) == []


def test_both_spellings_and_the_full_stop():
    assert candidates("パスワード：ＡＢＣ１２３", 40) == ["ABC123", "ＡＢＣ１２３"]
    assert candidates("Password: abc123.", 40) == ["abc123", "abc123."]


def test_archive_password_comes_before_another():
    assert candidates("Login password: hello1\nZIP password: W4ALLD", 40)[0] == "W4ALLD"


def test_bounded_and_distinct():
    text = "\n".join(f"password: a{number % 90}" for number in range(500))
    found = candidates(text, 40)
    assert len(found) == len(set(found)) == 40
