"""Rates of the container analysers: ``python tests/bench/bench_containers.py``; not a test.

Shortcuts are the real ones beside the project; archives are made here from text that deflates about four to one.
"""

from __future__ import annotations

import base64
import io
import random
import time
import zipfile
from collections.abc import Callable, Iterable
from pathlib import Path

import pyzipper

from sekisho.analyzers import _zip_crypto as crypto
from sekisho.analyzers import encrypted_office, lnk, zip_archive
from sekisho.analyzers.identify import media_type
from sekisho.model.artifact import Artifact
from sekisho.model.errors import LimitError, MalformedError

SHARED = Path(__file__).parents[2].parent / "shared" / "data"
REPEATS = 3
MEGABYTE = 1_000_000


def best(run: Callable[[], object]) -> float:
    """Give the least CPU time of REPEATS runs."""
    times = []
    for _ in range(REPEATS):
        start = time.process_time()
        run()
        times.append(time.process_time() - start)
    return min(times)


def drain(
    analyze: Callable[[Artifact], Iterable[object]], data: bytes, name: str = "x", passwords: tuple[str, ...] = ()
) -> None:
    """Run an analyser to its end, whatever it says."""
    try:
        list(analyze(Artifact(name, data, name, passwords=passwords)))
    except (MalformedError, LimitError):
        return


def text(size: int) -> bytes:
    """Give words that compress like prose."""
    dice = random.Random(1)
    words = [dice.randbytes(4).hex()[: dice.randrange(2, 8)] for _ in range(4_000)]
    return " ".join(dice.choices(words, k=size // 5)).encode()[:size]


def main() -> None:
    """Print one line a measurement."""
    if SHARED.exists():
        shortcuts = [base64.b64decode(path.read_text()) for path in (SHARED / "fixtures/lnkparse3/samples").glob("*")]
        took = best(lambda: [drain(lnk.analyze, data, "a.lnk") for data in shortcuts])
        print(f"shortcuts            {len(shortcuts) / took:10,.0f} /s")
        files = [path.read_bytes() for path in (SHARED / "fixtures/oletools").rglob("*") if path.is_file()]
        size = sum(map(len, files)) / MEGABYTE
        for name, ask in (("zip", zip_archive.is_zip), ("encrypted office", encrypted_office.is_encrypted)):
            took = best(lambda ask=ask: [ask(Artifact("x", data, "x")) for data in files])
            print(f"claims: {name:16} {len(files) / took:6,.0f} /s  {size / took:8,.0f} MB/s")
        took = best(lambda: [media_type(data) for data in files])
        print(f"media_type           {len(files) / took:10,.0f} /s  {size / took:8,.0f} MB/s")
        document = (SHARED / "fixtures/oletools/encrypted/encrypted.xlsx").read_bytes()
        took = best(lambda: drain(encrypted_office.analyze, document))
        print(f"agile, one password  {took * 1000:10,.0f} ms")
    plain = text(20 * MEGABYTE)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.txt", plain)
    took = best(lambda: drain(zip_archive.analyze, buffer.getvalue()))
    print(f"zip, deflate         {len(plain) / took / MEGABYTE:10,.0f} MB/s unpacked")
    sealed = io.BytesIO()
    with pyzipper.AESZipFile(sealed, "w", compression=8, encryption=pyzipper.WZ_AES) as archive:
        archive.setpassword(b"infected")
        archive.writestr("a.txt", plain)
    took = best(lambda: drain(zip_archive.analyze, sealed.getvalue()))
    print(f"zip, AES-256         {len(plain) / took / MEGABYTE:10,.0f} MB/s unpacked")
    noise = random.Random(2).randbytes(MEGABYTE)
    took = best(lambda: crypto.decrypt_traditional(noise, crypto.traditional_keys(b"infected")))
    print(f"traditional cipher   {1 / took:10,.2f} MB/s packed")
    took = best(
        lambda: [crypto.open_traditional(memoryview(noise), b"%d" % n, frozenset({256})) for n in range(10_000)]
    )
    print(f"traditional password {10_000 / took:10,.0f} /s tried")


if __name__ == "__main__":
    main()
