"""Passwords of archives, found in the prose around them, in Japanese, English and what else malspam is written in.

Source: bodies of Emotet, IcedID and Qakbot mails of 2020 to 2022 (``Password: W4ALLD``), the custom of sending an
encrypted ZIP and its password by mail in Japan (「解凍パスワードは〜です」), and the notices of JPCERT/CC and IPA.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

TEXT_CHARS = 200_000
"""Characters of a body that are searched; passwords stand near its start or its end."""
LINE_CHARS = 2_000
WORDS_A_LINE = 8
"""Mentions of a password looked at in one line."""

_PASU = "(?:パスワ[ー-]ド|ハ\u309aスワート\u3099|パスコード|パスフレーズ|暗証番号|解凍キー|展開キー|復号キー|合い?言葉)"
_KEYWORD = re.compile(
    rf"{_PASU}|(?:解凍|展開)(?:PW|パス(?!ワ))|パス(?=\s*[:=は「『])|PASS(?=\s*[:=は])|"
    r"(?<![a-z])(?:pass\s?-?(?:word|code|phrase|wd)s?|pass(?=\s*(?:[:=\-]|is\b|for\b|\d))|pswd|psw(?=\s*[:=])|pwd?(?=\s*(?:[:=\-]|is\b|は))"
    r"|(?:zip|archive|file|rar|unzip)\s+(?:pass|pw|key|pwd)(?![a-z])|kennwort|passwort|contrase[nñ]a|clave(?=\s*:)|mot\s+de\s+passe|wachtwoord"
    r"|senha|has[lł]o|пароль|parola(?=\s*:)|şifre|mật khẩu)(?![a-z])|密码|密碼|비밀번호|암호",
    re.IGNORECASE,
)
# What may stand between the word and the password; a phrase ("for the archive") only where a mark follows it.
_MARK = r"(?:(?:is|are|was|ist|lautet|est|es|é|è)\b\s*[:=]?|[:=→⇒>»|]+|->|=>|-+(?=\s)|–|—|…+|\.{2,}|[はが]、?|です。?)"
_LEAD = re.compile(
    r"[】\])」]?(?:\s*[(\[][^()\[\]]{0,40}[)\]])?(?:"
    rf"(?:\s*(?:for|to|of|zum|für|pour|para|della|per|on|in)\s[^\n:=.。,、]{{1,60}}?)\s*(?P<far>(?:\b|(?=\W)){_MARK})"
    rf"|\s*(?:につきまして|について|として)?\s*(?P<near>{_MARK}(?:\s*[:=→])?)?"
    r")\s*",
    re.IGNORECASE,
)
# Every keyword has one of these in it; most texts have none, and that is quickly told.
_HINTS = (
    *("pass", "pw", "psw", "kennwort", "contrase", "clave", "mot de", "wachtwoord", "senha", "haslo", "hasł", "пароль"),
    *(
        "parola",
        "şifre",
        "mật khẩu",
        "密码",
        "密碼",
        "비밀번호",
        "암호",
        "パス",
        "ハ\u309a",
        "暗証",
        "合言",
        "合い言",
        "解凍キー",
    ),
    *("展開キー", "復号キー", "zip key", "archive key", "file key", "rar key", "解凍pw", "展開pw"),
)
_BELOW = re.compile(r"(?:下記|以下|次|below|as follows|following).{0,40}$", re.IGNORECASE)
_QUOTED = re.compile(
    r"「\s*([^」\n]{1,64}?)\s*」|『\s*([^』\n]{1,64}?)\s*』|【\s*([^】\n]{1,64}?)\s*】|\"([^\"\n]{1,64})\"|“([^”\n]{1,64})”|'([^'\n]{1,64})'"
    r"|‘([^’\n]{1,64})’|«\s*([^»\n]{1,64}?)\s*»|<\s*([^<>\n]{1,64}?)\s*>|`([^`\n]{1,64})`|〈([^〉\n]{1,64})〉|《([^》\n]{1,64})》|\*([^*\s]{1,64})\*"
    r"|\[\s*([^\[\]\n]{1,64}?)\s*\]|\(\s*([^()\n]{1,64}?)\s*\)"
)
_TOKEN = re.compile(r"[^\s、。「」『』【】,;\"“”<>|]{1,64}")
_TAIL = re.compile(
    r"(?:で(?:す|した|ござ|ある|解凍|展開|開|お願|保護)|に(?:なり|なって|て(?:お|解|展|開|ご)|設定)|と(?:なり|なって|させ|し)|を(?:入力|ご|お|使|用)|になります"
    r"|となります|にて|です|だ。|[(（]).*$"
)
_STOP = frozenset(
    (
        "the a an is are was be to for of in on it this that your our my you will has have had been not no and or "
        "with by as at from reset change changed changing expired expires expiration expiry expire below above "
        "here following follows link please protected protection required needed account email mail login sign "
        "username user name new old current forgot forgotten recovery security policy update updated verification "
        "must can may should do does if click use enter type sent provided same again only now soon when we i he "
        "she they which who what how manager managers free key keys field box form hint help required. request "
        "requests notification details information zip file archive document attached attachment ist das der die "
        "est le la el es para por de del und et y "
    ).split()
)
_SENTENCE = re.compile(
    "(?:ます|ません|ました|下さい|ください|いたし|願い|とおり|通り|場合|こと|もの|ため|必要|不要)$|^(?:別|以下|下記|次の|後|同じ|必ず|当社|弊社|お客)"
)
_LOWER_WORD = re.compile(r"[a-z]+|[A-Z][a-z]+")
_SPECIFIC = re.compile(
    r"(?:zip|rar|7z|archive|file|attach|unzip|extract|open|document|解凍|展開|添付|圧縮|復号|開封|ファイル)",
    re.IGNORECASE,
)
_REVERSE = (
    re.compile(
        r"(?P<word>[^\s、。「」,;:]{3,64})\s+(?:is|as)\s+(?:the|your|a)\s+(?:\w+\s+){0,2}(?:password|passcode|pass)\b",
        re.IGNORECASE,
    ),
    re.compile(
        rf"[「『【\"](?P<word>[^「」『』【】\"\n]{{1,64}})[」』】\"]\s*(?:が|を|は|という)\s*(?:\w{{0,8}}の?)?{_PASU}"
    ),
    re.compile(rf"(?P<word>[!-~]{{4,64}})\s*(?:が|を)\s*(?:解凍|展開|ZIP|zip|添付)?(?:の|用)?\s*{_PASU}"),
)


@dataclass(frozen=True, slots=True)
class _Found:
    weight: int
    order: int
    text: str


def candidates(text: str, limit: int) -> list[str]:
    """Give what may be archive passwords in a text, likeliest first, each once, at most ``limit``.

    Full-width spellings are followed by their half-width form; a closing full stop is taken off, the form with it
    comes last.
    """
    text = text[:TEXT_CHARS]
    if not _hinted(text if text.isascii() else unicodedata.normalize("NFKC", text)):
        return []
    lines = [line.strip() for line in text.splitlines()]
    found: list[_Found] = []
    for number, line in enumerate(lines):
        if not line:
            continue
        line = line[:LINE_CHARS]
        plain = line if line.isascii() else unicodedata.normalize("NFKC", line)
        if not _hinted(plain) or _KEYWORD.search(plain) is None:
            continue
        following = [later for later in lines[number + 1 : number + 4] if later][:1]
        for weight, value in _in_line(plain, following[0] if following else ""):
            found += _spelled(value, line, weight, len(found))
        if len(found) > 8 * limit:
            break
    ranked = sorted(found, key=lambda item: (-item.weight, item.order))
    return list(dict.fromkeys(item.text for item in ranked))[:limit]


def _hinted(text: str) -> bool:
    lower = text.lower()
    return any(hint in lower for hint in _HINTS)


def _in_line(line: str, following: str) -> list[tuple[int, str]]:
    found: list[tuple[int, str]] = []
    context = 2 if _SPECIFIC.search(line) else 0
    for number, keyword in enumerate(_KEYWORD.finditer(line)):
        if number >= WORDS_A_LINE:
            break
        lead = _LEAD.match(line, keyword.end())
        at = lead.end() if lead else keyword.end()
        marked = bool(lead and (lead["far"] or lead["near"]))
        if at >= len(line.rstrip()) or _BELOW.match(line, at) or _BELOW.match(line, keyword.end() + 1):
            marked = marked or at < len(line.rstrip())
            found += [(weight + context, value) for weight, value in _next_line(following, marked)]
        elif _KEYWORD.match(line, at) is None:
            found += [(weight + context, value) for weight, value in _value(line, at, marked)]
    for pattern in _REVERSE:
        found += [
            (5 + context, match["word"]) for match in pattern.finditer(line) if _plausible(match["word"], marked=False)
        ]
    return found


def _value(line: str, at: int, marked: bool) -> list[tuple[int, str]]:
    quoted = _QUOTED.match(line, at)
    if quoted is not None:
        value = next(group for group in quoted.groups() if group is not None)
        weight = 10 if marked else 8
        bracketed = line[quoted.start()] in "<[(*"
        if bracketed and not _plausible(value, marked=marked):
            return []
        rest = [(3, value.strip())] if value != value.strip() else []
        whole = [(weight - 4, quoted[0])] if bracketed or line[quoted.start()] in "'`" else []
        return [(weight - bracketed, value), *rest, *whole]
    token = _TOKEN.match(line, at)
    if token is None:
        return []
    return [(weight - (0 if marked else 4), value) for weight, value in _trimmed(token[0], line[at:], marked)]


def _trimmed(token: str, rest: str, marked: bool) -> list[tuple[int, str]]:
    """Cut what belongs to the sentence from what belongs to the password, likeliest first."""
    found: list[tuple[int, str]] = []
    cut = _TAIL.sub("", token)
    short = cut.rstrip(".!?)]:»'")
    if short.startswith(("'", "(", "[")):
        short = short[1:]
    if short and _plausible(short, marked=marked):
        strong = 9 if not _LOWER_WORD.fullmatch(short) else 6
        found.append((strong, short))
        if short != cut:
            found.append((2, cut))
        if cut != token:
            found.append((1, token))
    # A pass phrase of several words ends its line.
    phrase = rest.strip().rstrip("。.")
    if marked and " " in phrase and len(phrase) <= 40 and phrase.count(" ") <= 4 and found:
        found.append((1, phrase))
    return found


def _next_line(line: str, marked: bool) -> list[tuple[int, str]]:
    """Read a password that has a line of its own below the word."""
    plain = line[:LINE_CHARS] if line.isascii() else unicodedata.normalize("NFKC", line[:LINE_CHARS])
    plain = plain.strip()
    if not plain or len(plain) > 90 or _KEYWORD.search(plain):
        return []
    if _QUOTED.match(plain):
        return _value(plain, 0, marked=True)
    plain = plain.lstrip("・-*>:→ ")
    if len(plain.split()) > (2 if not marked else 3):
        return []
    token = _TOKEN.match(plain)
    if token is None or (not marked and not _mixed(token[0])):
        return []
    return [(weight - 1, value) for weight, value in _trimmed(token[0], plain, marked)]


def _mixed(token: str) -> bool:
    return any(character.isdigit() for character in token) or _LOWER_WORD.fullmatch(token) is None


def _plausible(token: str, *, marked: bool) -> bool:
    if token.lower() in _STOP or "://" in token or token.lower().startswith(("www.", "mailto:", "http")):
        return False
    if re.fullmatch(r"[^@]+@[^@]+\.[a-z]{2,}", token, re.IGNORECASE) or not any(
        c.isalnum() or c in "!#$%&@*?" for c in token
    ):
        return False
    if _SENTENCE.search(token):
        return False
    if marked:
        return len(token) >= 2
    return len(token) >= 3 and _mixed(token) and not re.search("[ぁ-んァ-ヶ一-龠]", token)


def _spelled(value: str, line: str, weight: int, order: int) -> list[_Found]:
    """Give a value found in the NFKC form of a line, and the way the line itself spells it."""
    found = [_Found(weight, order, value)]
    if value in line:
        return found
    folded: list[str] = []
    places: list[int] = []
    for place, character in enumerate(line):
        piece = unicodedata.normalize("NFKC", character)
        folded.append(piece)
        places += [place] * len(piece)
    at = "".join(folded).find(value)
    if at >= 0:
        found.append(_Found(weight - 1, order + 1, line[places[at] : places[at + len(value) - 1] + 1]))
    return found
