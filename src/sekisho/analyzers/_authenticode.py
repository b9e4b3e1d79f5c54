"""Signatures of Windows programs: who claims to have signed, and whether the bytes are those that were signed.

Nothing is verified beyond the digest: no chain, no revocation, no time.

Source: Microsoft, "Windows Authenticode Portable Executable Signature Format" (2008); RFC 2315 9 (signed data),
RFC 5280 4.1 (certificates), X.690 8 (BER).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

from sekisho.analyzers._pe_image import CERTIFICATES, Image
from sekisho.model.errors import MalformedError

SEQUENCE, SET, INTEGER, OID, OCTETS = 0x30, 0x31, 0x02, 0x06, 0x04
CERTIFICATES_READ = 50
_PKCS7 = 0x0002
_HASHES = {
    "2b0e03021a": "sha1",
    "2a864886f70d0205": "md5",
    "608648016503040201": "sha256",
    "608648016503040202": "sha384",
    "608648016503040203": "sha512",
}
_COMMON_NAME, _ORGANISATION = "550403", "55040a"
_WIDE = 0x1E


@dataclass(frozen=True, slots=True)
class Element:
    """One element of BER."""

    tag: int
    body: bytes


@dataclass(frozen=True, slots=True)
class Signature:
    """What the signature of one file says."""

    state: str
    """``present`` (the digest is that of the bytes), ``digest mismatch`` or ``unreadable``."""
    signer: str = ""
    issuer: str = ""
    is_self_signed: bool = False


def read_signature(image: Image) -> Signature | None:
    """Give the first PKCS #7 signature of a program, None without any."""
    at, size = image.directory(CERTIFICATES)  # of all directories this one holds a file offset
    if not at or size < 8:
        return None
    length = min(int.from_bytes(image.data[at : at + 4], "little"), size)
    if int.from_bytes(image.data[at + 6 : at + 8], "little") != _PKCS7 or length <= 8:
        return Signature("unreadable")
    try:
        return _read(image, image.data[at + 8 : at + length])
    except (MalformedError, IndexError):
        return Signature("unreadable")


def _read(image: Image, raw: bytes) -> Signature:
    content = _children(_one(raw))
    signed = _children(_children(content[1])[0])
    algorithm, digest = _digest(signed[2])
    name = _HASHES.get(algorithm, "")
    state = "present"
    if name and digest != image_digest(image, name):
        state = "digest mismatch"
    signer, issuer, own = _signer(signed)
    return Signature(state, signer, issuer, own)


def _digest(content: Element) -> tuple[str, bytes]:
    """Give algorithm and digest of the indirect data that was signed."""
    indirect = _children(_children(_children(content)[1])[0])
    algorithm, digest = _children(indirect[1])[:2]
    return _children(algorithm)[0].body.hex(), digest.body


def image_digest(image: Image, algorithm: str) -> bytes:
    """Give the digest of a program without its checksum, its certificates and their directory entry."""
    data, entry = image.data, image.directory_at + 8 * CERTIFICATES
    at, size = image.directory(CERTIFICATES)
    at = at or len(data)
    hasher = hashlib.new(algorithm, usedforsecurity=False)
    for start, end in ((0, image.checksum_at), (image.checksum_at + 4, entry), (entry + 8, at), (at + size, None)):
        hasher.update(data[start:end])
    return hasher.digest()


def _signer(signed: list[Element]) -> tuple[str, str, bool]:
    """Give subject and issuer of the certificate that the first signer info points to."""
    serials: dict[bytes, tuple[Element, Element]] = {}
    for part in signed[3:]:
        if part.tag == 0xA0:
            for number, certificate in enumerate(_elements(part.body)):
                if number < CERTIFICATES_READ and certificate.tag == SEQUENCE:
                    fields = [one for one in _children(_children(certificate)[0]) if one.tag != 0xA0]
                    serials[fields[0].body] = (fields[4], fields[2])
    infos = [part for part in signed[3:] if part.tag == SET]
    if not infos:
        return "", "", False
    issued = _children(_children(_children(infos[-1])[0])[1])
    subject, issuer = serials.get(issued[1].body, (None, issued[0]))
    own = subject is not None and subject.body == issuer.body
    return _name(subject) if subject else "", _name(issuer), own


def _name(element: Element) -> str:
    """Give the common name, else the organisation, of a distinguished name."""
    found: dict[str, str] = {}
    for relative in _children(element):
        for pair in _children(relative):
            kind, value = _children(pair)[:2]
            text = value.body.decode("utf-16-be" if value.tag == _WIDE else "utf-8", "replace")
            found.setdefault(kind.body.hex(), text[:200])
    return found.get(_COMMON_NAME) or found.get(_ORGANISATION, "")


def _one(raw: bytes) -> Element:
    return next(_elements(raw))


def _children(element: Element) -> list[Element]:
    return list(_elements(element.body))


def _elements(raw: bytes) -> Iterator[Element]:
    """Give the elements one after the other; only definite lengths, as DER demands.

    Raises:
        MalformedError: an element is cut or has a length of more than four bytes.
    """
    at = 0
    while at + 2 <= len(raw):
        tag, length = raw[at], raw[at + 1]
        at += 2
        if length & 0x80:
            count = length & 0x7F
            if not 0 < count <= 4:
                raise MalformedError("BER length", at)
            length = int.from_bytes(raw[at : at + count], "big")
            at += count
        if at + length > len(raw):
            raise MalformedError("BER element is cut", at)
        yield Element(tag, raw[at : at + length])
        at += length
