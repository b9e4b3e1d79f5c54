"""Dates of mail headers."""

from __future__ import annotations

import pytest

from sekisho.analyzers._maildate import utc


@pytest.mark.parametrize(
    ("text", "stamp"),
    [
        ("Wed, 6 Nov 2024 02:47:40 +0900", "2024-11-05T17:47:40Z"),
        ("Mon, 3 Nov 2025 18:23:00 +0100 (CET)", "2025-11-03T17:23:00Z"),
        ("Fri Aug 31 13:39:16 2001", "2001-08-31T13:39:16Z"),
        ("Sat Jan 19 15:26:33 EST 2002", "2002-01-19T20:26:33Z"),
        ("Thu, 10 Aug 00 07:18 JST", "2000-08-09T22:18:00Z"),
        ("Sunday, 06-Nov-94 08:49:37 GMT", "1994-11-06T08:49:37Z"),
        ("2022-04-25T01:02:03.123Z", "2022-04-25T01:02:03Z"),
        ("2022年4月25日 10:00:00 +0900", "2022-04-25T01:00:00Z"),
        ("Nov 5, 2020 3:04:05 PM", "2020-11-05T15:04:05Z"),
        ("25 Apr 2022 23:59:60 -0000", "2022-04-25T23:59:59Z"),
        ("25 Apr 2022 10:00:00 +9900", "2022-04-25T10:00:00Z"),
        ("Tue, 31 Feb 2020 1:01:01", ""),
        ("Thu, 19 May 202 09:00:00 +0000", "2102-05-19T09:00:00Z"),
        ("31 Dec 9999 23:59:59 -0100", ""),
        ("yesterday", ""),
        ("", ""),
    ],
)
def test_utc(text, stamp):
    assert utc(text) == stamp
