"""Every modifier and kind of value, on both matchers, with the section of the specification it comes from.

Rules: Sigma rules specification 2.0 (R). Modifiers: Sigma modifiers appendix 2.1.0 (M).
"""

import json

import pytest

from sekisho.detect._modifiers import KNOWN, REGEX_WORDS, ModifierError, leaf_of
from sekisho.detect.oracle import explain
from sekisho.detect.rules import load
from sekisho.model.event import Event, Logsource

RULE = """
title: t
logsource: {{product: windows}}
detection:
    selection:
{selection}
    condition: selection
"""
POWERSHELL = "JABhAD0AJwBpAG4AdgBvAGsAZQAnAA=="


def verdict(selection, fields, placeholders=None):
    """Give what both matchers say, which must be the same."""
    written = "\n".join("        " + line for line in selection.split("\n"))
    rules = load([("t.yml", RULE.format(selection=written))], placeholders)
    assert not rules.failed, rules.failed[0]
    slow = explain(rules.compiled[0].tree, fields)
    for _ in range(2):  # the second time from the memo
        fast = rules.match(Event(Logsource("windows"), fields))
        assert bool(fast) == (slow is not None)
        assert not fast or fast[0].evidence == slow
    return slow is not None


# selection, value of field f, matches, section
STRINGS = [
    ("f: cmd", "cmd", True, "R General"),
    ("f: CMD", "cmd", True, "R General: case-insensitive"),
    ("f: 'CMD.EXE'", "x cmd.exe", False, "R General: the whole value"),
    ("f: ПАРОЛЬ", "пароль", True, "R General: any script"),
    ("f: ＡＢＣ", "ａｂｃ", True, "R General: full-width letters"),
    ("f|contains: ΣΑΣ", "xσας", True, "R General: final sigma folds"),
    ("f: 'a*c'", "abbbc", True, "R String Wildcard: *"),
    ("f: 'a*c'", "ac", True, "R String Wildcard: * may be empty"),
    ("f: 'a*c'", "abcd", False, "R String Wildcard: anchored"),
    ("f: 'prog?.exe'", "progA.exe", True, "R String Wildcard: ?"),
    ("f: 'prog?.exe'", "prog.exe", False, "R String Wildcard: ? is mandatory"),
    ("f: '*\\cmd.exe'", "C:\\Windows\\CMD.exe", True, "R String Wildcard"),
    ("f: 'C:\\\\*\\a?b*'", "c:\\x\\y\\azb!", True, "R String Wildcard: mixed"),
    ("f: '*'", "", True, "R String Wildcard: empty text"),
    ("f: '*'", None, False, "R Special Field Values: null is no text"),
    ("f: '*a*b*c*'", "xxaxxbxxcxx", True, "R String Wildcard: several"),
    ("f: '*a?c*a?d'", "abcabcabd", True, "R String Wildcard: ? between *"),
    ("f: 'a*a'", "a", False, "R String Wildcard: ends do not overlap"),
    ("f: '*_?_*'", "ab_c_d", True, "R String Wildcard"),
    (r"f: 'a\b'", "a\\b", True, "R Escaping: plain backslash, single"),
    (r"f: 'a\\b'", "a\\b", True, "R Escaping: plain backslash, double"),
    (r"f: 'a\*'", "a*", True, "R Escaping: wildcard as plain character"),
    (r"f: 'a\*'", "abc", False, "R Escaping: wildcard as plain character"),
    (r"f: 'a\?'", "a?", True, "R Escaping: ? as plain character"),
    (r"f: 'a\\*'", "a\\bcd", True, "R Escaping: backslash, then wildcard"),
    (r"f: 'a\\*'", "abcd", False, "R Escaping: backslash, then wildcard"),
    (r"f: 'a\\\*'", "a\\*", True, "R Escaping: both plain"),
    (r"f: 'a\\\*'", "a\\x", False, "R Escaping: both plain"),
    (r"f: 'a\\\b'", "a\\\\b", True, "R Escaping: three are two"),
    (r"f: 'a\\\\b'", "a\\\\b", True, "R Escaping: four are two"),
    ("f: 'x\\'", "x\\", True, "R Escaping: at the end"),
    (r"f: 'a\\?'", "a\\b", True, "R Escaping: backslash, then wildcard"),
    (r"f: 'a\\?'", "a?", False, "R Escaping: backslash, then wildcard"),
    (r"f: 'a\\\?'", "a\\?", True, "R Escaping: both plain"),
    (r"f: '\\\\host\share'", "\\\\host\\share", True, "R Escaping: four are two"),
    (r"f: '\\host\share'", "\\host\\share", True, "R Escaping: two are one"),
    (r"f: '\\host\share'", "\\\\host\\share", False, "R Escaping: two are one"),
    (r"f|endswith: '\'", "C:\\x\\", True, "R Escaping: a backslash alone"),
    (r"f|startswith: 'C:\\*\x'", "c:\\y\\xz", True, "R Escaping: with startswith"),
    ("f: '**'", "", True, "R String Wildcard: two are one"),
    ("f: '?*'", "", False, "R String Wildcard: ? is mandatory beside *"),
    ("f: '??'", "関所", True, "R String Wildcard: characters, not bytes"),
    ("f: 'a*b'", "a\nb", True, "R String Wildcard: over lines"),
    ("f: 'a.b'", "axb", False, "R General: no other character is special"),
    ("f: '[ab]'", "a", False, "R General: no other character is special"),
    ("f: 'a%b_'", "axbx", False, "R General: no other character is special"),
]
KINDS = [
    ("f: 4624", 4624, True, "R Maps: integer"),
    ("f: 4624", "4624", True, "R Maps: integer against text"),
    ("f: '4624'", 4624, True, "R General: text against integer"),
    ("f: 4624", 46240, False, "R Maps: integer"),
    ("f: 1", True, False, "R Maps: 1 is not true"),
    ("f: 5", 5.0, True, "R Maps: number"),
    ("f: 0x1410", "0x1410", True, "R Maps: a number counts as it is written, too"),
    ("f: 0x1410", 5136, True, "R Maps: and as a number"),
    ("f: 1.10", "1.10", True, "R Maps: a version"),
    ("f: 1.5", 1.5, True, "R Maps: number"),
    ("f: -2", "-2", True, "R Maps: sign"),
    ("f: true", True, True, "R Maps: boolean"),
    ("f: true", "true", True, "boolean as text"),
    ("f: true", "True", True, "boolean as text"),
    ("f: true", 1, True, "boolean as a number"),
    ("f: false", 0, True, "boolean as a number"),
    ("f: false", True, False, "boolean"),
    ("f: 'true'", True, True, "R General: text against boolean"),
    ("f: null", None, True, "R Special Field Values"),
    ("f: null", "", True, "R Special Field Values: empty"),
    ("f: null", [], True, "R Special Field Values: nothing in a list"),
    ("f: null", ["", "a"], False, "R Special Field Values: something in a list"),
    ("f: null", "a", False, "R Special Field Values"),
    ("f: ''", "", True, "R Special Field Values"),
    ("f: ''", None, True, "R Special Field Values: both mean missing or empty"),
    ("f: ''", "-", False, "R Special Field Values"),
    ("f: [a, null]", None, True, "R Lists"),
    ("f: [a, b]", "b", True, "R Lists: or"),
    ("f: [a, b]", "c", False, "R Lists: or"),
    ("f: b", ["a", "b"], True, "any element of a list"),
    ("f|contains|all: [a, b]", ["xa", "xb"], True, "each by any element of a list"),
    ("f: [a, 4]", 4, True, "R Lists: of several kinds"),
    ("f: [a, null]", "b", False, "R Lists"),
    ("f: ~", None, True, "R Special Field Values: null as YAML has it"),
    ("f: 'null'", None, False, "R Special Field Values: a text"),
    ("f: 'null'", "NULL", True, "R Special Field Values: a text"),
    ("f: '0x40810000'", "0X40810000", True, "R Maps: hexadecimal text"),
    ("f: 10", "0xa", False, "R Maps: hexadecimal text is no number"),
]
MODIFIERS = [
    ("f|contains: midd", "a MIDDle b", True, "M Generic: contains"),
    ("f|contains: 'a*c'", "xxabbcxx", True, "M Generic: contains with a wildcard"),
    ("f|contains: 44", 4444, True, "M Generic: contains a number"),
    ("f|startswith: 'C:\\Win'", "c:\\windows", True, "M Generic: startswith"),
    ("f|startswith: win", "c:\\windows", False, "M Generic: startswith"),
    ("f|endswith: '\\cmd.exe'", "C:\\CMD.EXE", True, "M Generic: endswith"),
    ("f|endswith: ['a', 'b']", "xb", True, "M Generic: endswith"),
    ("f|contains|all: [one, two]", "two one", True, "M Generic: all"),
    ("f|contains|all: [one, two]", "one", False, "M Generic: all"),
    ("f|all|contains: [one, two]", "two one", True, "M Generic: all in any place"),
    ("f|exists: true", "", True, "M Generic: exists, whatever the value"),
    ("f|exists: true", None, True, "M Generic: exists, be it null"),
    ("f|exists: false", "x", False, "M Generic: exists"),
    ("f|cased: Cmd", "Cmd", True, "M Generic: cased"),
    ("f|cased: Cmd", "cmd", False, "M Generic: cased"),
    ("f|contains|cased: Cm", "xCmx", True, "M Generic: cased"),
    ("f|startswith|cased: 'C?x'", "Cyxx", True, "M Generic: cased with wildcards"),
    ("f|startswith|cased: 'C?x'", "cyxx", False, "M Generic: cased with wildcards"),
    ("f|neq: a", "b", True, "M Generic: neq"),
    ("f|neq: a", "A", False, "M Generic: neq"),
    ("f|neq: [a, b]", "b", False, "M Generic: neq, none of them"),
    ("f|neq: 5", 6, True, "M Numeric: neq"),
    ("f|contains|windash: ' -enc '", "x /ENC y", True, "M String: windash"),
    ("f|contains|windash: ' /enc '", "x –enc y", True, "M String: windash, en dash"),
    ("f|contains|windash: ' -enc '", "x —enc y", True, "M String: windash, em dash"),
    ("f|contains|windash: ' -enc '", "x ―enc y", True, "M String: windash, horizontal bar"),
    ("f|contains|windash: ' -enc '", "x +enc y", False, "M String: windash"),
    ("f|contains|all|windash: [' -a', ' -b']", "x /b -a", True, "M String: windash with all"),
    ("f|endswith|windash: '-a?c'", "/axc", True, "M String: windash with wildcards"),
    ("f|windash|contains|cased: '-Enc'", "/enc", False, "M String: windash and cased"),
    ("f|re: '^a.c$'", "abc", True, "M Regular Expression"),
    ("f|re: 'b+'", "abbbc", True, "M Regular Expression: found anywhere"),
    ("f|re: '^A'", "abc", False, "M Regular Expression: case-sensitive"),
    ("f|re|i: '^A'", "abc", True, "M Regular Expression: i"),
    ("f|re|m: '^b$'", "a\nb\nc", True, "M Regular Expression: m"),
    ("f|re: '^b$'", "a\nb\nc", False, "M Regular Expression: without m"),
    ("f|re|s: 'a.b'", "a\nb", True, "M Regular Expression: s"),
    ("f|re: 'a.b'", "a\nb", False, "M Regular Expression: without s"),
    ("f|re|i|s: 'A.B'", "a\nb", True, "M Regular Expression: i and s"),
    (r"f|re: '\\\\\d+\*'", "\\\\12*", True, "M Regular Expression: no escaping of Sigma's"),
    ("f|re: '^(?!.*good).*bad'", "a bad one", True, "M Regular Expression: lookaround"),
    ("f|re: '^(?!.*good).*bad'", "a good bad one", False, "M Regular Expression: lookaround"),
    ("f|re: 'a'", "\ud800a", True, "half a surrogate pair"),
    ("f|contains: abc", "\ud800abc", True, "half a surrogate pair"),
    ("f|re|all: ['a', 'b']", "ab", True, "M Generic: all with re"),
    ("f|re: 5", 5, True, "M Regular Expression: on numbers"),
    ("f|base64: foo", "Zm9v", True, "M Encoding: base64"),
    ("f|base64|contains: foobar", "x Zm9vYmFy", True, "M Encoding: base64"),
    ("f|base64offset|contains: invoke", "aW52b2tl", True, "M Encoding: base64offset, 0"),
    ("f|base64offset|contains: invoke", "eGludm9rZQ==", True, "M Encoding: base64offset, 1"),
    ("f|base64offset|contains: invoke", "eHhpbnZva2U=", True, "M Encoding: base64offset, 2"),
    ("f|base64offset|contains: invoke", "eHh4eHh4", False, "M Encoding: base64offset"),
    ("f|wide|base64offset|contains: invoke", POWERSHELL, True, "M Encoding: wide"),
    ("f|utf16le|base64offset|contains: invoke", POWERSHELL, True, "M Encoding: utf16le"),
    ("f|utf16be|base64: ab", "AGEAYg==", True, "M Encoding: utf16be"),
    ("f|utf16|base64: ab", "//5hAGIA", True, "M Encoding: utf16, byte order mark"),
    ("f|wide|contains: ab", "xa\0b\0", True, "M Encoding: wide alone"),
    ("f|windash|base64|contains: '-a'", "L2E=", True, "M String, M Encoding"),
    ("f|lt: 5", 4, True, "M Numeric: lt"),
    ("f|lt: 5", 5, False, "M Numeric: lt"),
    ("f|lte: 5", "5", True, "M Numeric: lte, text"),
    ("f|gt: 5", "5.5", True, "M Numeric: gt"),
    ("f|gte: 5", 4.9, False, "M Numeric: gte"),
    ("f|gt: 5", "abc", False, "M Numeric: no number"),
    ("f|gt: 0", True, False, "M Numeric: no number"),
    ("f|gte: 1.5", [1, 2], True, "M Numeric: any element"),
    ("f|minute: 34", "2024-02-03T12:34:56Z", True, "M Time: minute"),
    ("f|hour: 12", "2024-02-03 12:34:56.789", True, "M Time: hour"),
    ("f|hour|gte: 18", "2024-02-03 19:00", True, "M Time: hour, compared"),
    ("f|day: 3", "2024-02-03", True, "M Time: day"),
    ("f|week: 5", "2024-02-03", True, "M Time: week"),
    ("f|month: 2", "2024-02-03", True, "M Time: month"),
    ("f|year: 2024", "2024/02/03", True, "M Time: year"),
    ("f|hour: 12", "2024-02-03", False, "M Time: the date has no time"),
    ("f|week: 5", "2024-99-99", False, "M Time: no date"),
    ("f|cidr: 10.0.0.0/8", "10.1.2.3", True, "M IP: v4"),
    ("f|cidr: 10.0.0.0/8", "11.1.2.3", False, "M IP: v4"),
    ("f|cidr: ['192.0.2.0/24', '2001:db8::/32']", "2001:DB8::1", True, "M IP: v6"),
    ("f|cidr: 192.0.2.0/24", "::ffff:192.0.2.7", True, "M IP: v4 inside v6"),
    ("f|cidr: '::1'", "::1", True, "M IP: one address"),
    ("f|cidr: 10.0.0.0/8", "not an address", False, "M IP"),
    ("f|contains: midd", "mid d", False, "M Generic: contains"),
    ("f|endswith: '\\cmd.exe'", "C:\\cmd.exe.bak", False, "M Generic: endswith"),
    ("f|startswith: [4, 5]", 5140, True, "M Generic: startswith on a number"),
    ("f|startswith: a", ["xa", "ax"], True, "M Generic: startswith, any element"),
    (r"f|endswith: 'a\*'", "xa*", True, "M Generic: endswith with an escaped wildcard"),
    (r"f|contains: 'a\\*b'", "x a\\yyb", True, "M Generic: contains, backslash and wildcard"),
    ("f|all: ['*a*', '*b*']", "ba", True, "M Generic: all alone, with wildcards"),
    ("f|all: [a, b]", "a", False, "M Generic: all alone"),
    ("f|neq: ''", "x", True, "M Generic: neq, not empty"),
    ("f|neq: null", None, False, "M Generic: neq, not null"),
    ("f|neq: 'a*'", "abc", False, "M Generic: neq with a wildcard"),
    ("f|contains|neq: b", "abc", False, "M Generic: neq with contains"),
    ("f|neq: [1, 2]", "3", True, "M Numeric: neq, none of them"),
    ("f|re|neq: '^a'", "ba", True, "M Generic: neq with re"),
    ("f|cidr|neq: 10.0.0.0/8", "10.0.0.1", False, "M Generic: neq with cidr"),
    ("f|windash: '-a'", "–A", True, "M String: windash on the whole value"),
    ("f|startswith|windash: '―a'", "-a b", True, "M String: windash, written as horizontal bar"),
    ("f|windash|contains|all: ['-a -b', '/c']", "-c /a ―b", True, "M String: windash, each dash on its own"),
    ("f|re|i: '^A'", "bA", False, "M Regular Expression: i"),
    ("f|re|m: '^b$'", "a\nbc", False, "M Regular Expression: m"),
    ("f|re|s: 'a.b'", "a\n\nb", False, "M Regular Expression: s"),
    ("f|re|m|s: '^b.c$'", "a\nb\nc", True, "M Regular Expression: m and s"),
    ("f|re|i|m|s: '^B.C$'", "a\nb\nc\nd", True, "M Regular Expression: i, m and s"),
    ("f|re: '^a(b|c){2,3}[^d-f]$'", "abcbx", True, "M Regular Expression: groups, quantifiers, classes"),
    ("f|re: '^a(b|c){2,3}[^d-f]$'", "abd", False, "M Regular Expression: groups, quantifiers, classes"),
    ("f|re: '^a.c$'", ["x", "abc"], True, "M Regular Expression: any element"),
    ("f|base64: foo", "Zm9", False, "M Encoding: base64"),
    ("f|base64: 関所", "6Zai5omA", True, "M Encoding: base64 of UTF-8"),
    ("f|base64|contains: 4624", "x NDYyNA== y", True, "M Encoding: base64 of a number"),
    ("f|base64|endswith|all: [foobar, bar]", "Zm9vYmFy", True, "M Encoding: base64 with endswith and all"),
    ("f|base64offset|contains: [nothing, invoke]", "eGludm9rZQ==", True, "M Encoding: base64offset of a list"),
    ("f|wide|base64offset|contains: invoke", "aW52b2tl", False, "M Encoding: wide"),
    ("f|utf16le|base64: ab", "YQBiAA==", True, "M Encoding: utf16le"),
    ("f|utf16le|base64: ab", "AGEAYg==", False, "M Encoding: utf16le"),
    ("f|utf16be|base64: ab", "YQBiAA==", False, "M Encoding: utf16be"),
    ("f|utf16|base64: ab", "YQBiAA==", False, "M Encoding: utf16, byte order mark"),
    ("f|utf16be|contains: ab", "x\0a\0b", True, "M Encoding: utf16be alone"),
    ("f|utf16: a", "\xff\xfea\0", True, "M Encoding: utf16 alone"),
    ("f|lt: 5", -1, True, "M Numeric: lt, sign"),
    ("f|lte: 5", 5.1, False, "M Numeric: lte"),
    ("f|gt: 5", 5, False, "M Numeric: gt"),
    ("f|gte: 5", "5", True, "M Numeric: gte, text"),
    ("f|gt: '5'", 6, True, "M Numeric: a bound written as text"),
    ("f|gt: 5", "0x10", False, "M Numeric: hexadecimal text is no number"),
    ("f|gt: 5", None, False, "M Numeric: null"),
    ("f|minute: 34", "2024-02-03T12:35:00Z", False, "M Time: minute"),
    ("f|minute|lt: 10", "2024-02-03 12:09:59", True, "M Time: minute, compared"),
    ("f|hour: [0, 23]", "2024-02-03 23:00:00", True, "M Time: hour, a list"),
    ("f|hour: 12", "2024-02-03 13:12:12", False, "M Time: hour"),
    ("f|hour: 12", "2024-02-03T12:00:00+09:00", True, "M Time: no conversion of time zones"),
    ("f|day: 3", "2024-03-02", False, "M Time: day"),
    ("f|day|gt: 30", "2024-01-31", True, "M Time: day, compared"),
    ("f|week: 5", "2024-02-05", False, "M Time: week begins on Monday"),
    ("f|week|lte: 1", "2024-01-01", True, "M Time: week, compared"),
    ("f|month: 2", "2024-03-02", False, "M Time: month"),
    ("f|month|gte: 12", "2024-12-01", True, "M Time: month, compared"),
    ("f|year: 2024", "2023-12-31", False, "M Time: year"),
    ("f|year|lt: 2000", "1601-01-01 00:00", True, "M Time: year, compared"),
    ("f|year|neq: 2024", "2024-01-01", False, "M Time with neq"),
    ("f|year: 2024", 2024, False, "M Time: a number is no date"),
    ("f|cidr: 10.0.0.0/8", "10.1.2.3:80", False, "M IP: with a port it is no address"),
    ("f|cidr: 2001:db8::/32", "2001:db9::1", False, "M IP: v6"),
    ("f|cidr: 0.0.0.0/0", "::1", False, "M IP: v4 holds no v6"),
    ("f|cidr: 10.1.2.3/8", "10.9.9.9", True, "M IP: host bits set"),
    ("f|cidr: fe80::/10", "fe80::1%eth0", True, "M IP: v6 with a zone"),
    ("f|contains: ''", None, False, "M Generic: contains nothing, of a value only"),
    ("f|contains|all: one", "x one", True, "M Generic: all of a single value"),
    ("f|contains|all|neq: [a, b]", "xa", True, "M Generic: neq with all, not every one"),
    ("f|contains|all|neq: [a, b]", "ba", False, "M Generic: neq with all, not every one"),
    ("f|neq: a", ["b", "A"], False, "M Generic: neq, of no element"),
    ("f|cased|neq: a", "A", True, "M Generic: neq with cased"),
    ("f|re: 'b$'", "ab\n", True, "M Regular Expression: $ of PCRE, before a line break at the end"),
    ("f|re: 'b$'", "ab\nc", False, "M Regular Expression: $ of PCRE"),
    ("f|re: '^b$(?!x)'", "b\n", True, "M Regular Expression: $ of PCRE, beside lookaround"),
    ("f|re: '^$'", "", True, "M Regular Expression: an empty value"),
    ("f|re: 'a*b'", "xb", True, "M Regular Expression: no wildcards of Sigma's"),
    (r"f|base64: 'a\*'", "YSo=", True, "M Encoding: base64 of an escaped wildcard"),
    ("f|base64|cased: foo", "zm9V", False, "M Encoding: base64 with cased"),
    ("f|gt: 0x10", 17, True, "M Numeric: hexadecimal in a rule is YAML's number"),
    ("f|gt: 0x10", "0x11", False, "M Numeric: hexadecimal text in an event is none"),
    ("f|gt: 9", "10", True, "M Numeric: as numbers, not as text"),
    ("f|gt: 18446744073709551615", 18446744073709551616, True, "M Numeric: beyond 64 bits"),
    ("f|lt: 5", float("nan"), False, "M Numeric: not a number"),
    ("f|gt|all: [9, 5]", 7, False, "M Numeric: with all"),
    ("f|week: 53", "2020-12-31", True, "M Time: week, ISO 8601"),
    ("f|week: 1", "2024-12-30", True, "M Time: week, ISO 8601"),
]


LISTS = {"servers": ["srv*", "dc"], "admins": ["root"], "nets": ["192.0.2.0/24"]}
PLACEHOLDERS = [
    ("f|expand: '%servers%'", "srv-1", True, "M Specific: expand"),
    ("f|expand: '%servers%'", "DC", True, "M Specific: expand"),
    ("f|expand: '%servers%'", "other", False, "M Specific: expand"),
    ("f|contains|expand: '%admins%@%servers%'", "x root@dc y", True, "M Specific: expand, several"),
    ("f|expand|neq: '%servers%'", "dc", False, "M Specific: expand with neq"),
    ("f|expand|all|contains: ['%admins%', '%servers%']", "root", False, "M Specific: expand with all"),
    (r"f|expand: '\%plain%admins%'", "%plainroot", True, "R Placeholders: escaped percent"),
    ("f: '%servers%'", "%servers%", True, "R Placeholders: literal without expand"),
    ("f: '%servers%'", "dc", False, "R Placeholders: literal without expand"),
    ("f|expand: 'no placeholder'", "no placeholder", True, "R Placeholders: none in the value"),
    ("f|cidr|expand: '%nets%'", "192.0.2.7", True, "M Specific: expand with cidr"),
    ("f|re|expand: '^%admins%$'", "root", True, "M Specific: expand with re"),
    ("f|expand: '100%'", "100%", True, "R Placeholders: a single percent"),
]


@pytest.mark.parametrize(("selection", "value", "matches", "section"), STRINGS + KINDS + MODIFIERS)
def test_value(selection, value, matches, section):
    assert verdict(selection, {"f": value}) is matches, section


RECORDS = [
    ("f: null", {"g": "x"}, True, "R Special Field Values: missing"),
    ("f: ''", {"g": "x"}, True, "R Special Field Values: missing"),
    ("f: '*'", {"g": "x"}, False, "a missing field has no text"),
    ("f|exists: false", {"g": "x"}, True, "M Generic: exists"),
    ("f|exists: true", {"g": "x"}, False, "M Generic: exists"),
    ("f|neq: a", {"g": "x"}, True, "M Generic: neq, not of a missing field"),
    ("f|lt: 5", {"g": "x"}, False, "M Numeric: missing"),
    ("f|fieldref: g", {"f": "Same", "g": "same"}, True, "M Specific: fieldref"),
    ("f|fieldref: g", {"f": "one", "g": "other"}, False, "M Specific: fieldref"),
    ("f|fieldref: g", {"f": "one"}, False, "M Specific: fieldref, missing"),
    ("f|fieldref: g", {"g": "one"}, False, "M Specific: fieldref, missing"),
    ("f|fieldref|startswith: g", {"f": "C:\\a.exe -x", "g": "c:\\A.exe"}, True, "M Specific: fieldref"),
    ("f|endswith|fieldref: g", {"f": "C:\\a.exe", "g": "A.EXE"}, True, "M Specific: fieldref"),
    ("f|fieldref|contains: g", {"f": "xay", "g": ["b", "a"]}, True, "M Specific: fieldref, any element"),
    ("f|fieldref|cased: g", {"f": "A", "g": "a"}, False, "M Specific: fieldref"),
    ("f|fieldref|neq: g", {"f": "a", "g": "b"}, True, "M Specific: fieldref with neq"),
    ("f|fieldref|neq: g", {"f": "a", "g": "A"}, False, "M Specific: fieldref with neq"),
    ("f|fieldref: [g, h]", {"f": "a", "g": "b", "h": "a"}, True, "M Specific: fieldref, any of several"),
    ("f|fieldref: g", {"f": "a*", "g": "abc"}, False, "M Specific: fieldref, no wildcards in data"),
    ("f|fieldref: g", {"f": None, "g": None}, False, "M Specific: fieldref, null is no text"),
    ("f|fieldref: g", {"f": 5, "g": "5"}, True, "M Specific: fieldref, number"),
    ("f|fieldref: G", {"f": "a", "g": "A"}, True, "M Specific: fieldref, the name in other case"),
    ("f|fieldref|all: [g, h]", {"f": "a", "g": "b", "h": "a"}, False, "M Specific: fieldref with all"),
    ("f|fieldref|startswith: g", {"f": "ab", "g": "b"}, False, "M Specific: fieldref with startswith"),
    ("f|fieldref|endswith: g", {"f": "ab", "g": "a"}, False, "M Specific: fieldref with endswith"),
    ("f|fieldref|contains: g", {"f": "a", "g": "xay"}, False, "M Specific: fieldref with contains, not the reverse"),
    ("f|exists: true", {"F": "x"}, True, "M Generic: exists, in other case"),
    ("f|exists: false", {"f": None}, False, "M Generic: exists, be it null"),
    ("f|re: '.*'", {"g": "x"}, False, "M Regular Expression: missing"),
    ("f|year|neq: 2024", {"g": "x"}, True, "M Time: neq, missing"),
    ("F: a", {"f": "a"}, True, "R Field Usage: case differs, no exact name"),
    ("F: a", {"f": "a", "F": "b"}, False, "R Field Usage: the exact name wins"),
    ("- one\n- two", {"f": "x", "g": "a TWO b"}, True, "R Keywords search: or"),
    ("- one\n- two", {"one": "x"}, False, "R Keywords search: values, not names"),
    ("- 'a*c'", {"f": "xa", "g": "cx"}, False, "R Keywords search: within one value"),
    ("- 'a*c'", {"f": "xxabcxx"}, True, "R Keywords search: wildcard"),
    ("- 4104", {"f": 4104}, True, "R Keywords search: number"),
    ("'|all':\n  - one\n  - two", {"f": "one", "g": ["two"]}, True, "R Keywords search: and"),
    ("'|all':\n  - one\n  - two", {"f": "one"}, False, "R Keywords search: and"),
    ("'|re': 'o.e'", {"f": 1, "g": "one"}, True, "R Keywords search with re"),
    ("'|cidr': 192.0.2.0/24", {"f": 1, "g": "192.0.2.1"}, True, "R Keywords search with cidr"),
    ("- 'true'", {"f": True}, True, "R Keywords search: boolean"),
    ("- f: a\n- g: b", {"g": "b"}, True, "R Lists of maps: or"),
    ("- f: a\n  g: b\n- g: c", {"g": "b"}, False, "R Lists of maps: or of and"),
    ("- f: a\n- word", {"h": "a word"}, True, "R Lists: maps and keywords"),
    ("f: a\ng: b", {"f": "a", "g": "b"}, True, "R Maps: and"),
    ("f: a\ng: b", {"f": "a"}, False, "R Maps: and"),
]


@pytest.mark.parametrize(("selection", "fields", "matches", "section"), RECORDS)
def test_record(selection, fields, matches, section):
    assert verdict(selection, fields) is matches, section


@pytest.mark.parametrize(("selection", "value", "matches", "section"), PLACEHOLDERS)
def test_placeholders(selection, value, matches, section):
    assert verdict(selection, {"f": value}, LISTS) is matches, section


@pytest.mark.parametrize("modifier", sorted(KNOWN - REGEX_WORDS.keys()))
def test_each_modifier_has_rows_that_match_and_rows_that_do_not(modifier):
    rows = [*MODIFIERS, *PLACEHOLDERS, *RECORDS]
    said = {matches for key, _, matches, _ in rows if modifier in key.partition(":")[0].strip("'").split("|")[1:]}
    assert said == {True, False}


@pytest.mark.parametrize(
    ("key", "value", "reason"),
    [
        ("f|contain", "a", "unknown modifier 'contain'"),
        ("f|", "a", "unknown modifier ''"),
        ("f|contains|startswith", "a", "exclude each other"),
        ("f|re|contains", "a", "cannot stand with one that compares text"),
        ("f|re|cased", "a", "cannot stand"),
        ("f|re|cidr", "a", "exclude each other"),
        ("f|re|windash", "a", "changes text"),
        ("f|i", "a", "need modifier re"),
        ("f|re", "a(", "not a regular expression"),
        ("f|re", None, "needs text"),
        ("f|re", "(a+)+(?=b)", "repeats something that repeats"),
        ("f|re", r"(?=a).*b.*c.*d.*e.*f", "repeats too much"),
        ("f|re", "a" * 20_000, "more than 10000 characters"),
        ("f|cidr", "10.0.0.0/99", "is not a network"),
        ("f|lt", "abc", "is not a number"),
        ("f|gt", None, "is not a number"),
        ("f|hour", "noon", "is not a number"),
        ("f|exists", "maybe", "needs true or false"),
        ("f|fieldref", 5, "name of a field"),
        ("f|contains", None, "null cannot be searched"),
        ("f|base64", "a*", "without wildcards"),
        ("f|base64|wide", "a", "cannot follow base64"),
        ("f|base64|base64offset", "a", "exclude each other"),
        ("f|windash|base64", "-" * 20, "too many values"),
        ("f|expand", "%nobody%", "placeholder %nobody% has no values"),
        ("f", [], "list of values is empty"),
        ("f", {"a": 1}, "a value must be text"),
        ("f", [["a"]], "a value must be text"),
        ("", "*", "must not be empty"),
        ("", None, "null cannot be searched"),
        ("|exists", True, "needs a field"),
        ("f", [str(one) for one in range(10_001)], "more than 10000 values"),
    ],
)
def test_refused(key, value, reason):
    with pytest.raises(ModifierError, match=reason.replace("(", r"\(").replace("+", r"\+")):
        leaf_of(key, value, {})


def test_too_many_combinations_of_placeholders():
    with pytest.raises(ModifierError, match="more than 10000"):
        leaf_of("f|expand", "%a%" * 5, {"a": [str(one) for one in range(10)]})


def test_values_survive_as_written():
    assert json.dumps(leaf_of("f", ["a", "a"], {}).tests) == json.dumps(leaf_of("f", "a", {}).tests)
