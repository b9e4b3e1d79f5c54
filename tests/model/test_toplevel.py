"""Endings that make a host, and endings that make a file."""

import pytest

from sekisho.model.toplevel import TOP_LEVEL


@pytest.mark.parametrize("name", ["com", "jp", "example", "xyz", "onion"])
def test_hosts_end_so(name):
    assert name in TOP_LEVEL


@pytest.mark.parametrize("name", ["zip", "mov", "py", "pl", "sh", "rs", "md", "doc", "exe", "lnk", "js"])
def test_files_end_so(name):
    assert name not in TOP_LEVEL
