"""What the columns of a table or the keys of a record give away: that it is a log, and of what kind."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

# Where logs say when something happened, in lower case and without what lies between the words.
# Source: the field references of CloudTrail, Azure Monitor, Google Cloud Logging, Okta, GitHub, Microsoft 365, Duo,
# OneLogin, Zeek, Suricata, Exchange message trace, Kubernetes audit, ECS, OCSF, Splunk, systemd and Docker.
TIME_NAMES = frozenset(
    "timestamp time ts eventtime eventtimestamp timegenerated timecreated createdat created creationtime creationdate"
    " published datetime date dateandtime activitydatetime createddatetime requestreceivedtimestamp stagetimestamp"
    " utctime logtime starttime logdate receivetimestamp localtime utctimeisoformat localtimeadjusted isotimestamp"
    " isotime realtimetimestamp ingestiontime detectiontime firstseen timelocal timeiso8601 msec collectortstamp"
    " detecteddatetime eventcreatedtime generatedtime systemtime id.time createdate requesttime received"
    " origintimestamputc".split()
)
MAX_TIME_CHARS = 64
EPOCH_FROM, EPOCH_TO = 946_684_800, 4_102_444_800
"""1 January 2000 and 2100, seconds."""
SAMPLE_DEPTH = 2
"""Objects below the record in which a time is looked for: ``metadata.creationTimestamp``, ``id.time``."""
_SEPARATORS = re.compile(r"[_\-@ .]")
_DATE_AND_TIME = re.compile(
    r"\d{4}([-/])\d\d?\1\d\d?[T ,]+\d\d?:\d\d|\d\d?([-/.])\d\d?\2\d{4}[T ,]+\d\d?:\d\d"
    r"|\d\d?/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d|(?:[A-Z][a-z]{2}, )?\d\d? [A-Z][a-z]{2} \d{4} \d\d?:\d\d"
)
_EPOCH = re.compile(r"\d{10}(?:\.\d{1,9})?|\d{13}|\d{16}|\d{19}")
OCSF_KEYS = ("class_uid", "category_uid", "type_uid", "activity_id", "metadata")
MIN_OCSF_KEYS = 3
"""Every OCSF event has all of these. Source: OCSF schema 1.x, base event, required attributes."""


def is_time_name(name: str) -> bool:
    """Tell whether a column of this name says when something happened."""
    return _SEPARATORS.sub("", name).lower() in TIME_NAMES


def is_time(value: Any) -> bool:
    """Tell whether a value is a date with a time of day, or seconds or fractions of them since 1970."""
    if isinstance(value, str):
        if len(value) > MAX_TIME_CHARS:
            return False
        if _DATE_AND_TIME.match(value.strip("[ ")) is not None:
            return True
        return _EPOCH.fullmatch(value) is not None and is_time(float(value))
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return any(EPOCH_FROM <= value / scale <= EPOCH_TO for scale in (1, 10**3, 10**6, 10**9))
    return False


def has_time(record: Mapping[str, Any], depth: int = 0) -> bool:
    """Tell whether a record says when it happened."""
    for name, value in record.items():
        if isinstance(value, dict):
            if depth < SAMPLE_DEPTH and has_time(value, depth + 1):
                return True
        elif is_time_name(name) and is_time(value):
            return True
    return False


def is_ocsf(names: Mapping[str, Any] | frozenset[str]) -> bool:
    """Tell an OCSF event by the attributes that each of them has; ``metadata`` may be spread over dotted columns."""
    if "class_uid" not in names:
        return False
    there = sum(name in names for name in OCSF_KEYS[:-1])
    return there + ("metadata" in names or "metadata.version" in names) >= MIN_OCSF_KEYS
