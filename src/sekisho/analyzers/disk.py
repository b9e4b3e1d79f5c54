"""Raw images of disks, sticks and floppies (``.img``): FAT, exFAT and NTFS, with or without a partition table."""

from __future__ import annotations

from collections.abc import Iterator

from sekisho.analyzers import _volumes, analyzer
from sekisho.analyzers._disk import Flat
from sekisho.model.artifact import Artifact, Feature

VHD_FOOTER = b"conectix"


def is_disk(artifact: Artifact) -> bool:
    """Tell whether a boot sector leads to a file system that is read; virtual disks have an analyser of their own."""
    data = artifact.data
    if data[510:512] != b"\x55\xaa" or data.startswith(VHD_FOOTER) or data[-512:].startswith(VHD_FOOTER):
        return False
    return any(_volumes.filesystem(one.window) for one in _volumes.partitions(Flat(data)))


@analyzer("disk", recognise=is_disk, media_type="application/x-raw-disk-image", features=_volumes.FEATURES)
def analyze(artifact: Artifact) -> Iterator[Feature | Artifact]:
    """Read every volume.

    Yields:
        What tables and volumes say of themselves, ``archive.member`` for each file, then a child for each file.

    Raises:
        MalformedError: something is broken or not read; everything else has been yielded.
        LimitError: there are more entries, children or bytes than the limits allow.
    """
    yield from _volumes.unpack(artifact, Flat(artifact.data))
