"""Encryption of PDF, against what another writer (pypdf 7.1) made with the passwords "secret" and "owner"."""

import pytest

from sekisho.analyzers._pdf_crypt import handler_of, open_with
from sekisho.model.errors import MalformedError

# method: (dictionary with strings in hexadecimal, file id, object number, the encrypted title "Order 7")
VECTORS = {
    "RC4-40": (
        {
            "V": 1,
            "R": 2,
            "Length": 40,
            "P": 4294967292,
            "Filter": "Standard",
            "O": "92fe0f4454ad4c9644693f33c07cb54f587dce1e2682fe9ecea6107a1ef630dd",
            "U": "0df447ea24aae2a995c91dc03f5c5c6eac1f661059f39908673fd29192651500",
        },
        "dac7ca781d68afd98e91d7cb6a877491",
        1,
        "4fd8fc87684c31",
    ),
    "RC4-128": (
        {
            "V": 2,
            "R": 3,
            "Length": 128,
            "P": 4294967292,
            "Filter": "Standard",
            "O": "0db5855fc5326569e765906caf64e4429a4c20d6e996fdef963e9b5080f9e083",
            "U": "08859bc9ea0a862e55f21ef4faefebe628bf4e5e4e758a4164004e56fffa0108",
        },
        "b29f5a9f89cdc60f60b566763a9aee0a",
        1,
        "2a698453bfe913",
    ),
    "AES-128": (
        {
            "V": 4,
            "R": 4,
            "Length": 128,
            "P": 4294967292,
            "Filter": "Standard",
            "O": "0db5855fc5326569e765906caf64e4429a4c20d6e996fdef963e9b5080f9e083",
            "U": "cfaacec8afc4e630a4849304163e735d28bf4e5e4e758a4164004e56fffa0108",
            "CF": {"StdCF": {"AuthEvent": "DocOpen", "CFM": "AESV2", "Length": 16}},
            "StmF": "StdCF",
            "StrF": "StdCF",
        },
        "339b0ea51dce882f451c3885c017344d",
        1,
        "5b1cf3e4b526c68d47b86e138f19f45ef3dfa83ea043c08d8254e382cbd4b4ce",
    ),
    "AES-256-R5": (
        {
            "V": 5,
            "R": 5,
            "Length": 256,
            "P": 4294967292,
            "Filter": "Standard",
            "O": "c9c1f231bc58cb38d83a900b0a4695b62a233340116d32cc24ffc40f0569975fb9323fe41df7d6ce22e670f4d661e03e",
            "U": "eee64afe0e74140187b11181b1246c9944ce07f0170143b14084233f10d56eb92420863ee956432ed01977d51fe6241b",
            "CF": {"StdCF": {"AuthEvent": "DocOpen", "CFM": "AESV3", "Length": 32}},
            "StmF": "StdCF",
            "StrF": "StdCF",
            "OE": "0d9187005f4b0d734a0f8765a8af962c490f8f2c5f739476b50beac89c737ea2",
            "UE": "0599510cb843309b84ca49701250ae960d5b81a9de16957971ff9878cba6ec4e",
        },
        "c3d6cc9209f5b9284b52372afce41785",
        1,
        "1bab5b80c3c60aee2a6690dbb1bb683e11cd00b91aea78d2ef19a33df6d0d6e8",
    ),
    "AES-256": (
        {
            "V": 5,
            "R": 6,
            "Length": 256,
            "P": 4294967292,
            "Filter": "Standard",
            "O": "c63f2ad977e4ccc972460a556f18efb19dc2b0fc8d8e4628c6f57e774cecc6701701c0028d5c3888f25ee9de9e8247bc",
            "U": "ea8fd744c1de303eca2a4011791ce9ddab2156b8d6c0f64247c24c8d652050c377a8397d980998099c65f3c68b346e1a",
            "CF": {"StdCF": {"AuthEvent": "DocOpen", "CFM": "AESV3", "Length": 32}},
            "StmF": "StdCF",
            "StrF": "StdCF",
            "OE": "ff79380c285f91bb4c3ee5c274e57addd6d8811d10ba7c096f2e7b5472372665",
            "UE": "63be0522f2a8b98ec2d119a11cbcce3b1debd9a0850dac7fe65d52563f8edec1",
        },
        "1fb1c14614316f4b8867da7a268d1941",
        1,
        "7601540f958b6a3bdbb5e8829f0bed9c4f0ef34eb46f7a86be091d5a2bc86337",
    ),
}
STRINGS = {"O", "U", "OE", "UE"}


def read(method):
    fields, file_id, number, title = VECTORS[method]
    fields = {key: bytes.fromhex(value) if key in STRINGS else value for key, value in fields.items()}
    return handler_of(fields, bytes.fromhex(file_id)), number, bytes.fromhex(title)


@pytest.mark.parametrize("password", ["secret", "owner"])
@pytest.mark.parametrize("method", VECTORS)
def test_a_password_opens_it(method, password):
    handler, number, title = read(method)
    key = open_with(handler, ["", "wrong", password])
    assert key.password == password
    assert key.plain(title, number, 0, stream=False) == b"Order 7"


@pytest.mark.parametrize("method", VECTORS)
def test_a_wrong_password_does_not(method):
    assert open_with(read(method)[0], ["", "Secret", "secret "]) is None


@pytest.mark.parametrize(
    "fields",
    [
        {"Filter": "Adobe.PubSec", "V": 4, "R": 4},
        {"V": 9, "R": 9},
        {},
        {"V": 4, "R": 4, "StmF": "A", "CF": {"A": {"CFM": "new"}}},
    ],
)
def test_what_is_not_known_is_named(fields):
    with pytest.raises(MalformedError):
        handler_of(fields, b"")


def test_cut_keys_are_named():
    with pytest.raises(MalformedError):
        open_with(handler_of({"V": 5, "R": 6, "U": b"x"}, b""), [""])
