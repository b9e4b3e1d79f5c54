"""Unpacking of 7z folders as streams: each coder takes chunks and gives chunks, and nothing holds a whole folder.

Source: Methods.txt of the LZMA SDK (public domain); the branch filters are liblzma's.
"""

from __future__ import annotations

import lzma
import zlib
from collections.abc import Callable, Iterator
from hashlib import sha256

from Cryptodome.Cipher import AES

from sekisho.analyzers import _inflate
from sekisho.analyzers._bcj2 import bcj2
from sekisho.analyzers._deflate64 import deflate64
from sekisho.analyzers._seven_zip_header import Coder, Folder
from sekisho.model.errors import LimitError, MalformedError
from sekisho.model.limits import DEFAULT

Chunks = Iterator[bytes]
METHODS = {  # id as hexadecimal digits
    "00": "store",
    "03": "delta",
    "04": "bcj-x86",
    "05": "bcj-ppc",
    "06": "bcj-ia64",
    "07": "bcj-arm",
    "08": "bcj-armt",
    "09": "bcj-sparc",
    "0a": "bcj-arm64",
    "0b": "bcj-riscv",
    "21": "lzma2",
    "030101": "lzma",
    "03030103": "bcj-x86",
    "0303011b": "bcj2",
    "03030205": "bcj-ppc",
    "03030401": "bcj-ia64",
    "03030501": "bcj-arm",
    "03030701": "bcj-armt",
    "03030805": "bcj-sparc",
    "030401": "ppmd",
    "040108": "deflate",
    "040109": "deflate64",
    "040202": "bzip2",
    "04f71101": "zstd",
    "04f71102": "brotli",
    "04f71104": "lz4",
    "06f10701": "aes-256",
}
ENCRYPTION = "06f10701"
_BRANCHES = {
    "bcj-x86": lzma.FILTER_X86,
    "bcj-ppc": lzma.FILTER_POWERPC,
    "bcj-ia64": lzma.FILTER_IA64,
    "bcj-arm": lzma.FILTER_ARM,
    "bcj-armt": lzma.FILTER_ARMTHUMB,
    "bcj-sparc": lzma.FILTER_SPARC,
}
MAX_DICTIONARY = 256 * 1024 * 1024
"""What an archive may ask for at most; more than the unpacked bytes is never set aside."""
_LZMA2_STORED, _LZMA2_END, _LZMA2_MOST = b"\x01", b"\0", 65_536
_HASHED_AT_ONCE = 65_536
"""Rounds of the key derivation that are hashed in one call: the two low bytes of the counter run through once."""
_CIPHER_PLAIN_KEY = 0x3F
MOST_ROUNDS_POWER = 24
HASH_BYTES = 1_500_000_000
"""Bytes hashed to derive keys for one archive; 3 s at the 500 MB/s measured, and 1.3 times what 40 passwords of 20
letters take at the 2^19 rounds that 7-Zip uses."""


def name_of(coder: Coder) -> str:
    """Give a coder's usual name, its id when it has none."""
    return METHODS.get(coder.method, coder.method)


class Keys:
    """Keys by password, each derived once, and how much deriving is left."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, bytes, int], bytes] = {}
        self.room = HASH_BYTES
        self.decrypted_room = DEFAULT.unpacked_bytes
        """Bytes that may still be decrypted, wrong passwords included."""

    def key(self, password: str, salt: bytes, power: int) -> bytes:
        """Give the AES key.

        Raises:
            LimitError: deriving it would cost more than is left.
        """
        known = (password, salt, power)
        if known not in self._known:
            raw = salt + password.encode("utf-16-le", "surrogatepass")
            if power == _CIPHER_PLAIN_KEY:
                return raw[:32].ljust(32, b"\0")
            self.room -= (len(raw) + 8) << power
            if power > MOST_ROUNDS_POWER or self.room < 0:
                raise LimitError("key_derivation_bytes", HASH_BYTES)
            self._known[known] = derive(raw, power)
        return self._known[known]


def derive(raw: bytes, power: int) -> bytes:
    """Hash salt, password and a counter of eight bytes, 2^power times in a row."""
    rounds = min(1 << power, _HASHED_AT_ONCE)
    width = len(raw) + 8
    block = bytearray((raw + bytes(8)) * rounds)
    low = bytes(range(256)) * (-(-rounds // 256))
    block[len(raw) :: width] = low[:rounds]
    block[len(raw) + 1 :: width] = b"".join(bytes([high]) * 256 for high in range(-(-rounds // 256)))[:rounds]
    digest = sha256()
    for turn in range((1 << power) // rounds):
        block[len(raw) + 2 :: width] = bytes([turn & 0xFF]) * rounds
        block[len(raw) + 3 :: width] = bytes([turn >> 8]) * rounds
        digest.update(block)
    return digest.digest()


def unpack(folder: Folder, packed: list[memoryview], password: str | None, keys: Keys) -> Chunks:
    """Give a folder's bytes as they are unpacked.

    Raises:
        MalformedError: a stream is broken or cut, or a method is not read; ``what`` names it.
        LimitError: keys cost too much.
    """
    unread = [name_of(coder) for coder in folder.coders if name_of(coder) not in _READ]
    if unread:
        raise MalformedError(f"compression method {', '.join(unread)} is not read")
    return _output(folder, folder.main, packed, password, keys, len(folder.coders))


def _output(
    folder: Folder, index: int, packed: list[memoryview], password: str | None, keys: Keys, depth: int
) -> Chunks:
    if depth <= 0:
        raise MalformedError("7z coders go round in circles")
    coder = folder.coders[index]
    first = sum(one.inputs for one in folder.coders[:index])
    inputs: list[Chunks] = []
    for stream in range(first, first + coder.inputs):
        if stream in folder.binds:
            inputs.append(_output(folder, folder.binds[stream], packed, password, keys, depth - 1))
        elif stream in folder.packed[: len(packed)]:
            inputs.append(_sliced(packed[folder.packed.index(stream)]))
        else:
            raise MalformedError("7z coder without its input")
    size, name = folder.sizes[index], name_of(coder)
    if name == "bcj2":
        if len(inputs) != 4:
            raise MalformedError("BCJ2 without its four inputs")
        return _exactly(bcj2(inputs[0], inputs[1], inputs[2], inputs[3], size), size)
    if len(inputs) != 1:
        raise MalformedError(f"{name} with more than one input")
    if name == "aes-256":
        return _exactly(_decrypted(inputs[0], coder.properties, password or "", keys), size)
    return _exactly(_READ[name](inputs[0], coder.properties, size), size)


def _sliced(data: memoryview) -> Chunks:
    return (bytes(data[at : at + _inflate.CHUNK]) for at in range(0, len(data), _inflate.CHUNK))


def _exactly(chunks: Chunks, size: int) -> Chunks:
    """Cut a stream where its declared size ends."""
    left = size
    while left > 0:
        try:
            chunk = next(chunks, b"")
        except (zlib.error, lzma.LZMAError, OSError, EOFError, ValueError, _inflate.ZstdError) as error:
            raise MalformedError(f"compressed stream: {error}") from error
        if not chunk:
            raise MalformedError("compressed stream is cut")
        yield chunk[:left]
        left -= len(chunk)


def _inflated(source: Chunks, make: Callable[[], _inflate.Inflater]) -> Chunks:
    """Unpack streams one after the other."""
    reader = make()
    for chunk in source:
        feed = chunk
        while True:
            plain = reader.feed(feed, _inflate.CHUNK)
            feed = b""
            if plain:
                yield plain
            if reader.eof and reader.unused:
                feed, reader = reader.unused, make()
            elif len(plain) < _inflate.CHUNK:
                break


def _lzma_filters(properties: bytes, size: int) -> list[dict[str, int]]:
    if len(properties) < 5 or properties[0] >= 9 * 5 * 5:
        raise MalformedError("LZMA properties out of range")
    rest, lc = divmod(properties[0], 9)
    pb, lp = divmod(rest, 5)
    if lc + lp > 4:
        raise MalformedError("LZMA properties out of range")
    window = _dictionary(int.from_bytes(properties[1:5], "little"), size)
    return [{"id": lzma.FILTER_LZMA1, "dict_size": window, "lc": lc, "lp": lp, "pb": pb}]


def _lzma2_filters(properties: bytes, size: int) -> list[dict[str, int]]:
    if not properties or properties[0] > 40:
        raise MalformedError("LZMA2 properties out of range")
    declared = (2 | properties[0] & 1) << (properties[0] // 2 + 11)
    return [{"id": lzma.FILTER_LZMA2, "dict_size": _dictionary(declared, size)}]


def _dictionary(declared: int, size: int) -> int:
    return max(4_096, min(declared, size, MAX_DICTIONARY))


def _raw(filters: list[dict[str, int]]) -> _inflate.Inflater:
    return _inflate.Block(lzma.LZMADecompressor(format=lzma.FORMAT_RAW, filters=filters))


def _lzma(source: Chunks, properties: bytes, size: int) -> Chunks:
    return _inflated(source, lambda: _raw(_lzma_filters(properties, size)))


def _lzma2(source: Chunks, properties: bytes, size: int) -> Chunks:
    return _inflated(source, lambda: _raw(_lzma2_filters(properties, size)))


def _filter(name: str) -> Callable[[Chunks, bytes, int], Chunks]:
    """Give a branch filter or delta.

    liblzma filters only what it unpacks itself, and keeps back the last bytes of a stream without an end; so the bytes
    go through it as an LZMA2 stream that stores them, which has one.
    """

    def run(source: Chunks, properties: bytes, size: int) -> Chunks:
        del size
        if name == "delta":
            step = {"id": lzma.FILTER_DELTA, "dist": properties[0] + 1 if properties else 1}
        else:
            step = {"id": _BRANCHES[name]}
        filters = [step, {"id": lzma.FILTER_LZMA2, "dict_size": _LZMA2_MOST}]
        return _inflated(_stored(source), lambda: _raw(filters))

    return run


def _stored(source: Chunks) -> Chunks:
    for chunk in source:
        for at in range(0, len(chunk), _LZMA2_MOST):
            piece = chunk[at : at + _LZMA2_MOST]
            yield _LZMA2_STORED + (len(piece) - 1).to_bytes(2, "big") + piece
    yield _LZMA2_END


def _decrypted(source: Chunks, properties: bytes, password: str, keys: Keys) -> Chunks:
    if not properties:
        raise MalformedError("AES coder without properties")
    salt_size = iv_size = 0
    if properties[0] & 0xC0 and len(properties) > 1:
        salt_size = (properties[0] >> 7) + (properties[1] >> 4)
        iv_size = (properties[0] >> 6 & 1) + (properties[1] & 0xF)
    salt, iv = properties[2 : 2 + salt_size], properties[2 + salt_size : 2 + salt_size + iv_size]
    key = keys.key(password, salt, properties[0] & 0x3F)
    cipher = AES.new(key, AES.MODE_CBC, iv=iv[:16].ljust(16, b"\0"))
    rest = b""
    for chunk in source:
        rest += chunk
        whole = len(rest) & ~15
        keys.decrypted_room -= whole
        if keys.decrypted_room < 0:
            raise LimitError("unpacked_bytes", DEFAULT.unpacked_bytes)
        if whole:
            yield cipher.decrypt(rest[:whole])
        rest = rest[whole:]


_READ: dict[str, Callable[[Chunks, bytes, int], Chunks]] = {
    "store": lambda source, properties, size: source,
    "lzma": _lzma,
    "lzma2": _lzma2,
    "deflate": lambda source, properties, size: _inflated(source, lambda: _inflate.zlib_stream(raw=True)),
    "deflate64": lambda source, properties, size: deflate64(source),
    "bzip2": lambda source, properties, size: _inflated(source, _inflate.bzip2_stream),
    "zstd": lambda source, properties, size: _inflated(source, _inflate.zstd_stream),
    "delta": _filter("delta"),
    "aes-256": lambda source, properties, size: source,
    "bcj2": lambda source, properties, size: source,
    **{name: _filter(name) for name in _BRANCHES},
}
"""Methods that are read; the last two take more than chunks and have their own call."""
