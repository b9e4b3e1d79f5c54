"""Pictures and the codes in them."""

import io
import random
import struct
import zlib

import pytest
import zxingcpp
from PIL import Image, ImageDraw, ImageFilter, ImageOps

from sekisho.analyzers.image import PIXELS, analyze, is_picture
from sekisho.app.examine import Pool, analyse
from sekisho.model.artifact import Artifact, Feature
from sekisho.model.errors import LimitError
from sekisho.model.limits import DEFAULT

LINK = "https://login.example.com/?e=user@example.org"


def drawn(text=LINK, scale=4, kind=zxingcpp.BarcodeFormat.QRCode, **options):
    """A code as a grey picture."""
    image = memoryview(zxingcpp.create_barcode(text, kind).to_image(scale=scale, **options))
    return Image.frombytes("L", image.shape[::-1], image.tobytes())


def saved(picture, kind="PNG", **options):
    buffer = io.BytesIO()
    picture.save(buffer, kind, **options)
    return buffer.getvalue()


def read(data, name="picture"):
    features, error = {}, None
    try:
        for one in analyze(Artifact(name, data, name)):
            assert isinstance(one, Feature)
            features.setdefault(one.name, []).append(one.value)
    except LimitError as raised:
        error = raised
    return features, error


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "WEBP", "BMP", "TIFF"])
def test_a_code_in_every_format(kind):
    data = saved(drawn(), kind)
    assert is_picture(Artifact("a", data, "a"))
    features, error = read(data)
    assert error is None
    assert features["image.format"] == [kind.lower()]
    assert features["qr.text"] == [LINK]
    (url,) = features["url"]
    assert (url.canonical, url.host, url.where) == (LINK, "login.example.com", "qr")


@pytest.mark.parametrize(
    ("text", "kind"),
    [("HTTP://A.EXAMPLE", "MicroQRCode"), (LINK, "RMQRCode"), (LINK, "DataMatrix"), (LINK, "Aztec")],
)
def test_kin_of_the_qr_code(text, kind):
    features, _ = read(saved(drawn(text, 3, getattr(zxingcpp.BarcodeFormat, kind))))
    assert features["qr.text"] == [text]
    assert len(features["url"]) == 1


def dotted():
    """A code of dots, as design programs draw it."""
    code = drawn(scale=1, add_quiet_zones=False)
    picture = Image.new("L", (code.width * 10 + 80, code.height * 10 + 80), 255)
    draw = ImageDraw.Draw(picture)
    for y in range(code.height):
        for x in range(code.width):
            if not code.getpixel((x, y)):
                left, top = 40 + 10 * x, 40 + 10 * y
                draw.ellipse((left + 1, top + 1, left + 8, top + 8), fill=0)
    return picture


def layered(colour):
    code = ImageOps.invert(drawn(add_quiet_zones=False))
    picture = Image.new("RGBA", code.size, (*colour, 0))
    picture.putalpha(code)
    return picture


def scanned():
    page = Image.new("L", (2480, 3508), 250)
    page.paste(drawn(scale=4), (1600, 2900))
    return page


@pytest.mark.parametrize(
    "picture",
    [
        drawn(scale=1),
        drawn(scale=1, add_quiet_zones=False),
        ImageOps.invert(drawn()),
        ImageOps.invert(drawn(add_quiet_zones=False)),
        drawn().rotate(30, expand=True, fillcolor=255),
        drawn().filter(ImageFilter.GaussianBlur(2)),
        ImageOps.colorize(drawn(), "blue", "orange"),
        layered((0, 0, 0)),
        layered((255, 255, 255)),
        dotted(),
        scanned(),
        drawn().convert("P"),
        drawn().convert("1"),
        Image.frombytes("I;16", (148, 148), b"".join(bytes((0, value)) for value in drawn().tobytes())),
        drawn().convert("CMYK"),
    ],
    ids="tiny margin-less inverted inverted-margin-less turned blurred coloured black-on-nothing white-on-nothing dots scan palette bits deep cmyk".split(),
)
def test_codes_drawn_in_other_ways(picture):
    kind = "TIFF" if picture.mode == "CMYK" else "PNG"
    assert read(saved(picture, kind))[0].get("qr.text") == [LINK]


def test_several_codes_and_frames():
    both = Image.new("L", (400, 200), 255)
    both.paste(drawn("https://one.example/"), (0, 0))
    both.paste(drawn("https://two.example/"), (200, 0))
    assert sorted(read(saved(both))[0]["qr.text"]) == ["https://one.example/", "https://two.example/"]
    blank = Image.new("L", drawn().size, 255)
    features, _ = read(saved(blank, "GIF", save_all=True, append_images=[drawn(), drawn()]))
    assert features["qr.text"] == [LINK]
    assert features["image.frames"] == [2]  # equal frames are one


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("example.com/pay", ["http://example.com/pay"]),
        ("HTTPS://EXAMPLE.COM/A", ["https://example.com/A"]),
        ("MEBKM:TITLE:a;URL:http\\://example.com/b;;", None),
        ("URLTO:https://example.com/c", ["https://example.com/c"]),
        ("Log in at https://example.com/d now", ["https://example.com/d"]),
        ("WIFI:S:guest;T:WPA;P:secret;;", []),
        ("mailto:user@example.com", []),
        ("A-1234", []),
    ],
)
def test_what_scanning_would_open(text, wanted):
    features, _ = read(saved(drawn(text)))
    assert features["qr.text"] == [text]
    if wanted is not None:
        assert [url.canonical for url in features.get("url", [])] == wanted


def test_pictures_without_a_code():
    for picture in (Image.new("RGB", (300, 300), "red"), Image.effect_noise((300, 200), 90), Image.new("L", (1, 1))):
        features, error = read(saved(picture))
        assert error is None
        assert "qr.text" not in features
        assert features["image.width"] == [picture.width]
    assert not is_picture(Artifact("a.ico", b"\0\0\1\0\1\0" + bytes(40), "a.ico"))
    assert not is_picture(Artifact("a.wav", b"RIFF\0\0\0\0WAVEfmt ", "a.wav"))


def test_a_cut_picture_is_read_to_its_break():
    page = Image.effect_noise((400, 900), 60)
    page.paste(drawn(), (40, 40))
    data = saved(page, "JPEG", quality=90)
    features, error = read(data[: len(data) * 2 // 3])
    assert error is None
    assert features["image.damaged"]
    assert features["qr.text"] == [LINK]


def test_a_picture_that_nobody_can_open_is_damaged_and_read():
    features, error = read(b"\x89PNG\r\n\x1a\n" + bytes(100))
    assert (features, error) == ({"image.damaged": ["UnidentifiedImageError"]}, None)


def test_more_pixels_than_are_unpacked():
    side = 20_000
    rows = zlib.compress(bytes(1_000_000), 9)
    chunks = ((b"IHDR", struct.pack(">IIBBBBB", side, side // 4, 8, 0, 0, 0, 0)), (b"IDAT", rows), (b"IEND", b""))
    data = b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body)) for name, body in chunks
    )
    features, error = read(data)
    assert side * side // 4 > PIXELS
    assert features["image.width"] == [side]
    assert isinstance(error, LimitError)


def test_workers_read_every_format_in_their_jail():
    kinds = ("PNG", "JPEG", "GIF", "WEBP", "BMP", "TIFF")
    inputs = [Artifact(kind, saved(drawn(), kind), kind) for kind in kinds]
    inputs.append(Artifact("lzw", saved(drawn(), "TIFF", compression="tiff_lzw"), "lzw"))
    with Pool(1, DEFAULT) as pool:
        found = {root.name: analyses[0] for root, analyses in pool.run(inputs)}
    for name, analysis in found.items():
        assert (name, analysis.first("qr.text"), analysis.notes) == (name, LINK, ())


def test_only_foreseen_errors_come_out_of_broken_pictures():
    dice = random.Random(11)
    seeds = [saved(drawn(scale=2), kind) for kind in ("PNG", "JPEG", "GIF", "WEBP", "BMP", "TIFF")]
    seeds.append(saved(drawn(scale=2), "TIFF", compression="tiff_lzw"))
    seeds.append(saved(drawn(scale=2).convert("RGBA"), "PNG", compress_level=0))
    for _ in range(600):
        data = bytearray(dice.choice(seeds))
        for _ in range(dice.randrange(1, 6)):
            data[dice.randrange(4, min(len(data), dice.choice((64, 4_000))))] = dice.randrange(256)
        broken = bytes(data[: dice.randrange(20, len(data) + 1)])
        if is_picture(Artifact("a", broken, "a")):
            read(broken)


def test_no_other_analyser_fails_on_a_picture():
    assert analyse(Artifact("a.png", saved(drawn()), "a.png")).analysis.analyzers == ("image",)


def test_libraries_say_nothing_on_the_terminal(capfd):
    data = bytearray(saved(drawn(), "TIFF", compression="tiff_lzw"))
    broken = [
        Artifact("a", bytes(data[: len(data) // 2] + bytes(len(data) // 2)), "a"),
        Artifact("b", bytes(data[:-40]), "b"),
    ]
    with Pool(1, DEFAULT) as pool:
        assert all(analyses[0].values("image.damaged") for _, analyses in pool.run(broken))
    assert capfd.readouterr().err == ""
