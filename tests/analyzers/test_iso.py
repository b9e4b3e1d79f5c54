"""Disc images."""

import base64
import random
import zlib

from sekisho import analyzers
from sekisho.analyzers.iso import analyze, is_disc
from sekisho.app.examine import analyse, examine
from sekisho.model.artifact import Artifact, Feature
from sekisho.model.errors import LimitError, MalformedError

SECTOR = 2_048
DLL = b"MZ not a program; " * 200


def read(data, name="a.iso"):
    features, children, error = {}, {}, None
    try:
        for one in analyze(Artifact(name, data, name)):
            if isinstance(one, Feature):
                features.setdefault(one.name, []).append(one.value)
            else:
                children[one.name] = one
    except (MalformedError, LimitError) as raised:
        error = raised
    return features, children, error


def both(number, width=4):
    return number.to_bytes(width, "little") + number.to_bytes(width, "big")


def record(name, block, size, flags=0, system_use=b""):
    body = b"\0" + both(block) + both(size) + bytes(7) + bytes([flags, 0, 0]) + both(1, 2) + bytes([len(name)]) + name
    body += b"\0" * (len(name) + 1 & 1) + system_use
    return bytes([len(body) + 1]) + body


def descriptor(kind, root, sectors, label=b"LABEL", escape=b""):
    raw = bytearray(SECTOR)
    raw[:7] = bytes([kind]) + b"CD001\x01"
    raw[40:72] = label.ljust(32)
    raw[80:88] = both(sectors)
    raw[88 : 88 + len(escape)] = escape
    raw[128:132] = both(SECTOR, 2)
    raw[156 : 156 + len(root)] = root
    raw[574:583] = b"A PROGRAM"
    raw[813:830] = b"2026010203040500\x24"  # nine hours east
    return bytes(raw)


def disc(files, joliet=None, folders=(), extra=b"", system=b""):
    """Build a disc: ``files`` are (name, content, flags); ``joliet`` are names for the same contents, None without.

    ``folders`` are (name, block) added to the root, whatever lies there.
    """
    data_at, blocks, contents = 24, [], []
    for _, content, _ in files:
        blocks.append(data_at)
        contents.append(content.ljust(-(-len(content) // SECTOR) * SECTOR, b"\0"))
        data_at += len(contents[-1]) // SECTOR

    def root(names, at):
        records = [record(b"\0", at, SECTOR, 2), record(b"\1", at, SECTOR, 2)]
        records += [record(n, b, len(f[1]), f[2]) for n, f, b in zip(names, files, blocks, strict=False) if n]
        records += [record(n, b, SECTOR, 2) for n, b in folders]
        return b"".join(records).ljust(SECTOR, b"\0")

    out = [system.ljust(16 * SECTOR, b"\0"), descriptor(1, record(b"\0", 20, SECTOR, 2), data_at)]
    if joliet is not None:
        out.append(descriptor(2, record(b"\0", 21, SECTOR, 2), data_at, "LABEL".encode("utf-16-be"), b"%/E"))
    out.append(b"\xffCD001\x01".ljust(SECTOR, b"\0"))
    out.append(bytes((20 - sum(map(len, out)) // SECTOR) * SECTOR))
    out.append(root([name for name, _, _ in files], 20))
    out.append(bytes(SECTOR) if joliet is None else root(joliet, 21))
    out.append(bytes(2 * SECTOR))
    return b"".join(out + contents) + extra


def test_names_attributes_and_what_the_author_wrote():
    data = disc([(b"INVOICE.LNK;1", b"shortcut", 0), (b"A.DLL;1", DLL, 1), (b"NOTHING.;1", b"", 0)])
    assert is_disc(Artifact("x", data, "x"))
    features, children, error = read(data)
    assert error is None
    assert features == {
        "image.filesystem": ["ISO 9660"],
        "image.label": ["LABEL"],
        "image.application": ["A PROGRAM"],
        "image.created_at": ["2026-01-02T03:04:05+09:00"],
        "archive.members": [3],
        "archive.member": ["INVOICE.LNK", "A.DLL", "NOTHING"],
        "archive.hidden_file": ["A.DLL"],
    }
    assert {name: child.data for name, child in children.items()} == {
        "INVOICE.LNK": b"shortcut",
        "A.DLL": DLL,
        "NOTHING": b"",
    }


def test_joliet_goes_first_and_what_it_lacks_is_told():
    data = disc([(b"A.LNK;1", b"one", 0), (b"B.DLL;1", b"two", 0)], ["請求書.lnk".encode("utf-16-be"), None])
    features, children, error = read(data)
    assert error is None
    assert features["image.filesystem"] == ["ISO 9660", "Joliet"]
    assert features["archive.mismatch"] == ["B.DLL: only in ISO 9660"]
    assert {name: child.data for name, child in children.items()} == {"請求書.lnk": b"one", "B.DLL": b"two"}


def test_sections_of_one_file_are_joined():
    data = disc([(b"A.TXT;1", b"x" * SECTOR, 0x80), (b"A.TXT;1", b"end", 0)])
    assert read(data)[1]["A.TXT"].data == b"x" * SECTOR + b"end"


def test_rock_ridge_names_count_unless_they_lie_about_the_ending():
    def renamed(long):
        inner = b"NM" + bytes([5 + len(long), 1, 0]) + long
        raw = bytearray(disc([(b"AAAAAAAA.EXE;1", b"data", 0)]))
        start = raw.index(b"AAAAAAAA.EXE;1") - 33
        new = record(b"AAAAAAAA.EXE;1", 24, 4, 0, inner)
        raw[start : start + len(new)] = new
        return read(bytes(raw))

    assert list(renamed(b"a long name.exe")[1]) == ["a long name.exe"]
    features, children, _ = renamed(b"readme.txt")
    assert list(children) == ["AAAAAAAA.EXE"]
    assert features["archive.mismatch"] == ["AAAAAAAA.EXE: readme.txt by Rock Ridge"]


def test_bytes_before_and_after_the_volume():
    features, children, _ = read(disc([(b"A;1", b"x", 0)], system=b"boot code", extra=b"appended"))
    assert features["image.system_area_bytes"] == [9]
    assert features["image.trailing_bytes"] == [8]
    assert (children["trailing"].data, children["trailing"].relation) == (b"appended", "overlay")


def test_sectors_that_nothing_refers_to():
    raw = bytearray(disc([(b"A;1", b"x", 0)], []))
    raw[22 * SECTOR : 22 * SECTOR + 6] = b"hidden"
    features, children, error = read(bytes(raw))
    assert error is None
    assert features["image.unreferenced_bytes"] == [SECTOR]
    assert children["unreferenced"].data.rstrip(b"\0") == b"hidden"


def test_a_boot_record_is_named():
    raw = bytearray(disc([(b"A;1", b"x", 0)], []))
    raw[17 * SECTOR : 18 * SECTOR] = (b"\0CD001\x01" + b"EL TORITO SPECIFICATION").ljust(SECTOR, b"\0")
    assert read(bytes(raw))[0]["image.boot"] == ["EL TORITO"]


def test_folders_that_lie_in_themselves_end():
    features, _, error = read(disc([(b"A;1", b"x", 0)], folders=[(b"LOOP", 20)]))
    assert "lies in itself" in str(error)
    assert features["archive.member"] == ["A"]


def test_a_disc_that_holds_itself_ends():
    raw = bytearray(disc([(b"A.ISO;1", b"x", 0)]))
    start = raw.index(b"A.ISO;1") - 33
    whole = record(b"A.ISO;1", 0, len(raw))
    raw[start : start + len(whole)] = whole
    ((_, analyses),) = examine([Artifact("a.iso", bytes(raw), "a.iso")])
    assert len(analyses) == 18
    assert "depth" in analyses[-1].unscanned


def test_a_huge_folder_ends():
    raw = bytearray(disc([(b"A;1", b"x", 0)]))
    raw[20 * SECTOR + 10 : 20 * SECTOR + 14] = b"\xff\xff\xff\x7f"
    raw[16 * SECTOR + 166 : 16 * SECTOR + 170] = b"\xff\xff\xff\x7f"
    features, _, error = read(bytes(raw) + bytes(45_000_000))
    assert features["archive.member"] == ["A"]
    assert error


def test_a_file_beyond_the_end_keeps_what_is_there():
    data = disc([(b"A.EXE;1", DLL * 2, 0)])
    _, children, error = read(data[: 24 * SECTOR + 1_000])
    assert (children["A.EXE"].data, "beyond the end" in children["A.EXE"].unscanned) == (DLL[:1_000], True)
    assert isinstance(error, MalformedError)


def test_a_file_larger_than_allowed_is_named():
    raw = bytearray(disc([(b"A.EXE;1", DLL, 0)]))
    start = raw.index(b"A.EXE;1") - 33
    raw[start + 10 : start + 14] = b"\0\0\0\xf0"
    _, children, error = read(bytes(raw))
    assert "member_bytes" in children["A.EXE"].unscanned
    assert isinstance(error, LimitError)


# genisoimage -udf -J -R -V LABEL -hidden loader.dll: a shortcut's name, a text with a Japanese name, an empty file.
BRIDGE = "eNrt3VtwXGdhwPFz5JtiB8cE41ww4RAcSBxQVk6sxDhAVtLa3mR1QSsZm1sQluyI6GIsYRIuJgm0QAj0QlvaQltooXULpaUtM8y005m+taXTmT7x0Je+NMMwTVHvtIXS7+x+UhznIid2HOPv91NW5+jo7J6zl/F/v81qT5YBAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAHlff6XSnWeN+uDYgeLpNaq9tcYz/H7p8r6Zty71mytuN/xXnrLOzmxLe9GWS/Pl324sv1+bbW5f2uass5x2Zic2bF27e0PWsXT+ghfU3tpgvTlUH6jurRVhptjV01O5ad+eZrGn3qg1DzZHawNF30itOjo0Ulzfd0PRvWvXzUWt6+DQ2ODe/mqjtrTw1tftqFR6iju7hmvVkebQ4E13djX79tUb4VG5t7VO+etynVuLvv6Ru+qjxWitOnDer+6Oyo6e7u4dt1V6du66JexN9qQFldM8eQ0P2tSJDheMjtj/rJHVs8FsLDuQFU/51ciqWW9WC9On/v1p/b/uptoZ9//q9qKrNz3e/8vb/d/SvrQtT9f/p9kXX+fra294RAyGR04zGwrfB8JjpFxSxCVFtivrCV+V7O5sX7YnLCvC93p4DNXC/MFwGg1zA2FpXzYS5qrh56EwV2TXhyU3hGl3uIRd2c1hrpZ1hXMMhUfoYNhGf1i30drSyl/nbiX9R/+5iPx4qf8AQDp6a1X9B4DEDDZHKjv0HwCSMmr8DwAAAAAAAAAAAAAAAAAAAAAAAAAAAOdannVk/xima/5mMS9OWd7ZqPbWGk97trV565wd5XF4W6fOnt5K9dbe/lp51NPuSu/O83s1XpwNNUerRd/czNFjk/PzkxPF2OzUobmJyTO+hLM9/7O16XvryoMZby/ntx+ZnJ2an5uaGT8y6SEJwHmwOjR8MExv3LCYvzK2PNs+1r+naOwv6rOH505ZtyM/N61c4bnF823ted2atgNwAVoT+v+nYdoYW8yvLRsfnwN03Ng6MOAF/LpFOIVv12gsADyHwXBHNh+mD1/29fxVYbrqYhjfd5bPCVpXonwho7wi01PjswvlLzvyVe21Nj35RYH8J+G5RNjvO8p9XeuYjQA8d+tC/78RpjOXdWbbsvL/BwAAF7vO0P+iNbeYX+fmAAAAAAAAAAAAAAAAAAAAAAAAAAAAgHMizzqyW8L0S3OLeeWU5Sscw2dt3jpnR/s4fOX6Pb2V6q29/bVK0F3ZUzm/V+PFZ3vMorM+/7O16XvrNmxdu3t7Oe/4hQCcZ6tDw98ZpjduWMy7s6Vj4JWHzWvsL+qzh+dOWbcjPzetfMGPD3g+aTsAF6A1of/fDtPG2GK+o2x8fA7QceNgc6Sy4wJ+3SKcwrdrNBYAnsNguCP7aJg+fNnX85vDdNXFML7vLJ8TtK5E+UJGeUWmp8ZnF8pfduSr2mttevKLAvlPwnOJsN93lPu6NvfgBeA5Wxf6/xdhOnNZZ+t9AKvdJABw0esM/W+/V28x3+nmAAAAAAAAAAAAAAAAAAAAAAAAAAAAgHPikqwj+26YPvL5463jypx6XPpTjzBz6QqHmyl/3RXnz+SYfGuy9rEGO/Lyy/0AAOdT+fn/t7fmFvOqmwMAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAB4Bh3h62/DNP/OYp7lYeaBLCuy9rTi5gGAi1Peke0Mk7+6bzFv/bzpe+s2bF27e3uYXRW+yoX5qesPNUerRd/czNFjk/PzkxPF2OzUobmJyTPdXGej2ltrvGDXdu3zvP9rz3oPO8vnZKfY3trhsf49rZ2enhqfXWg9b8tXeewCcBa56ch+2JpbzHM3BwAkYU0Y/18Xpj86fnJ53Lm6PeZf3f6p0vHj6CubHx+bVuKTheXnDPF1gw3PMP+Uzy+2H5mcnZqfm5oZP7LSILwzbtfIFwDOTh76/5dhuvfdV7a6mmfrn/wadFxvKky3bbk+rpdtKtdbesF7XSvunfXZ43NThya7jk4c7pqevbd9vs+G33zrW1vj+TrWlOdbvfz8o3W+iblD8611PxN++vtHiqVtrC/XXbfU//a6kzNHF+7vWrhvoVy/fDF8X75taf0N5fqdcf1L2utPz41PTB7rmpiejtfjm2G6s15ZOs9V5RkuiedZ3zrPpoe/Pd17+AdZke3IKuHUk3WFLd3X2hoAXBzj/7kwPfGGk8tNfqbx/9IY/u3Z+Rn/r8mfOP4vt7vG3QYAZz3+/+s4/l+zwvj/78K06/i2uF57rL0+/n5De6x9bHJ8YmayHJy7aQHggh7//1mYvvofTi6/lh/H/2tOH/9/bNPjY/jLz9P4f91p4/9yu1e62wDgrPt/W5gef8kXl/8/+5n0/0mep/53+qMEAHhe+v/pMK0/cnL5fXNn0v9NG9vTjtP6v/0Z5p9L/y85bfxfbvcqdxsAnHX/y4bf/qKTy++BP5P+L71W8Hy//r/+tP6X232Zuw0Azrr/3WE6tfHk8nv5zqT/q85T/zec1v9yu1vdbQBwVvJsc94u8+rspa25/qG+ptsFAAAALq7xfzhtXvq4n/ylWW78DwAAABff+H9L/P//ndkV7bmJbC47lM27bQAAAODiGf+H05ZyUv51XX5FmDP+BwAAgIvMJ1p//9/6G4DWx/92ZifaH9fT0XptIM+z5vC6/M+/n42MrMkfHD6wLX+sWq5XfSx+AtCq0y9xdM/V+cZ4IU+c9NW25le2t7Z8CJ/H4uTwSvuRn4MdyI61PuOg9XcOT7mV1a0/fii39MnBgUvybGLu0Pypm4yfdtxx5ps8kV3V3uLyhxafWP5opHKLG2oDw6MHu0YPjO7ujtvdmGeTM0cX7i+Polhu/MsPlis/+OX4SUj5s7i+n1jeejxe0+VP3PrG+uD+oXpf7e6uxuBdu7uXrnm4K+qzx+emDk12HZ043DU9e+9Z7scD2dXt/bi6/bnRGzedaH8odPsdJ/mljaFqf22kq7/ReHwvLsuz6bnxicljXRPT089uB7Y/YQe2Zw9nW9vb3xo/t3LdabfD3VH7jljagyvy7Ltf/dSj33jo0c9/q9hR2dFzDu4SgAvE4RWKmD85/M8+gtn5qfsD2cvbW3n50pmf+K/8pSO1av9A7Yn/xofKPH7QYv+2A5CGa1vv/2+9B+Bp+r/iGvkdK4wyr8nq2Wx2PJvLprJD2WTWlR3NJsJzgq5sOiy/N9ve+suD1rsPnnILnctvSbhlhdH05eHSZ8KlL2T3h0tfyO4Lp54Vxp6bw17MZeNhG5PZsXCuifDzdPb6FUaMVz787enewz/IimxHVgmnnuXtAcBPQv+fub1n0v+eFcbdm0NXJ1uFnWnVXycB4IVVG3ksXz/68XxkpD58d/euXd3V0X21YmSo765ipN6/t1bUB0drI337qoNhfnhkaHSob6hRzuyv99eaRXNseHhoZLTYMzRSDA816weKPfVGrWgebI7WBopmbaA6OFrvaw43atVmregbGhyt9o0W/fVmXzE81tuoN/fVRlpnbg7X+up76n3V0frQYNEcGhvpq3UV4RJqp6wYNhkubk+9nB0MO1EfqI4cLPYPNcYGakXYnb5wJUaH2he4tK36YPhpoHWxXe5uAGi5Z/zYzPTk/Hwxf8/csYVD71tY7zYBgIvdwFuL2bmFYrw4emzuyLHxmd2FJZZYYoklllhiiSWWWGKJJSksMSJOy6Of+8qjX/iaF/0BICX3TGk/AKSmI3z9U5jm31nMryn/iu+BLCuy9rTi5gGAi7b/j8X+v0L/ASCZ/v9z7H+h/wCQTP+/H/v/Sv0HgGT6vxj7f63+A0Ay/f+X2P9X6T8AJNP/f43936b/AJBM//8t9v86/QeAZPr/77H/r9Z/AEim//8R+/8a/QeAZPr/n7H/1+s/ACTT//+K/b9B/wEgmf7/IPZ/u/4DQDL9/+/Y/xv1HwCS6f//xP6/Vv8BIJn+/2/s/+v0HwCS6f8PY/+79B8Akun/j2L/b9J/AEim//8X+1/RfwBIpv8/jv3v1n8ASKb/Wez/Dv0HgGT6n8f+36z/AJBM/zti/2/RfwBIpv+rYv936j8AJNP/1bH/PfoPAMn0f03s/636DwDJ9H9t7P9t+g8AyfR/Xez/Lv0HgGT63xn7/3r9B4Bk+n9J7P9u/QeAZPq/Pvb/dv0HgGT6vyH2/w36DwDJ9P/S2P836j8AJNP/F8X+v0n/ASCZ/m+M/b9D/wEgmf5fFvtf1X8ASKb/m2L/e/UfAJLp/4tj//v0HwCS6f/lsf/9+g8AyfT/JbH/Nf0HgGT6vzn2f4/+A0Ay/X9p7P9e/QeAZPq/JfZ/n/4DQDL9vyL2v67/AJBM/6+M/b9T/wEgmf5fFft/l/4DQDL9vzr2v6H/AJBM/18W+z+g/wCQTP+3xv4P6j8AJNP/l8f+D+k/ACTT/2ti/4f1HwCS6f8rYv/frP8AkEz/i9j/Ef0HgGT6/8rY/6b+A0Ay/b829n9U/wEgmf6/KvZ/TP8BIJn+b4v936//AJBM/6+L/X+L/gNAMv1/dez/Af0HgGT6/5rY/4P6DwDJ9P/62P+36j8AJNP/G2L/36b/AJBM/7fH/r9d/wEgmf7fGPv/Dv0HgGT6/9rY/3fqPwAk0//Xxf7frf8AkEz/u2L/36X/AJBM/2+K/R/XfwBIpv+V2P936z8AJNP/7tj/Q/oPAMn0f0fs/4T+A0Ay/b859n9S/wEgmf7fEvt/WP8BIJn+74z9P6L/AJBM/3ti/+/RfwBIpv+3xv5P6T8AJNP/22L/36P/AJBM/3fF/t+r/wCQTP9fH/s/rf8AkEz/d8f+z+g/ACTT/9tj/2f1HwCS6f8bYv/n9B8Akun/G2P/j+o/ACTT/zfF/r9X/wEgmf7fEft/TP8BIJn+V2P/5/UfAJLpf2/s/4L+A0Ay/e+L/X+f/gNAMv3vj/0/rv8AkEz/a7H/79d/AEim/3ti/+/TfwBIpv97Y//v138ASKb/+2L/P6D/AJBM/+ux/x/UfwBIpv93xv5/SP8BIJn+3xX7/2H9B4Bk+t+I/T+h/wCQTP8HYv8/ov8AkEz/B2P/H9B/AEim/0Ox/w/qPwAk0//h2P+H9B8Akun/m2P/P6r/AJBM/0di/z+m/wCQTP+bsf8/pf8AkEz/R2P/f1r/ASCZ/o/F/n9c/wEgmf7vj/3/hP4DQDL9f0vs/yf1HwCS6f+B2P+H9R8Akun/wdj/T+k/ACTT/7fG/j+i/wCQTP/fFvv/af0HgGT6//bY/8/oPwAk0/93xP7/jP4DQDL9f2fs/8/qPwAk0/+7Y/9/Tv8BIJn+vyv2/+f1HwCS6f947P9n9R8Akun/u2P/f0H/ASCZ/h+K/f9F/QeAZPo/Efv/S/oPAMn0fzL2/3P6DwDJ9P9w7P8v6z8AJNP/I7H/v6L/AJBM/++J/f9V/QeAZPo/Ffv/ef0HgGT6/57Y/y/oPwAk0/97Y/9/Tf8BIJn+T8f+/7r+A0Ay/Z+J/f8N/QeAZPo/G/v/Rf0HgGT6Pxf7/yX9B4Bk+n809v839R8Akun/e2P/f0v/ASCZ/h+L/f+y/gNAMv2fj/3/iv4DQDL9X4j9/239B4Bk+v++2P/f0X8ASKb/x2P/T+o/ACTT//fH/v+u/gNAMv2/L/b/9/QfAJLp//2x/1/VfwBIpv8fiP3/mv4DQDL9/2Ds/+/rPwAk0/8Pxf5/Xf8BIJn+fzj2/w/0HwCS6f+J2P8/1H8ASKb/H4n9/4b+A0Ay/X8g9v+P9B8Akun/g7H/f6z/AJBM/x+K/f8T/QeAJPw/TKDmFA=="


def bridge():
    return zlib.decompress(base64.b64decode(BRIDGE))


def udf_only():
    """Give the bridge disc without its ISO 9660 half."""
    raw = bytearray(bridge())
    for sector in range(16, 19):
        raw[sector * SECTOR : (sector + 1) * SECTOR] = raw[(sector + 3) * SECTOR : (sector + 4) * SECTOR]
    raw[19 * SECTOR : 22 * SECTOR] = bytes(3 * SECTOR)
    return bytes(raw)


def test_both_halves_of_a_bridge_disc():
    features, children, error = read(bridge())
    assert error is None
    assert features["image.filesystem"] == ["UDF 1.02", "ISO 9660 with Rock Ridge", "Joliet"]
    assert features["archive.member"] == [
        "Invoice.pdf.lnk",
        "empty.txt",
        "loader.dll",
        "請求書 2026.txt",
        "docs/readme.txt",
    ]
    assert children["loader.dll"].data == DLL
    assert "archive.mismatch" not in features
    assert features["archive.hidden_file"] == ["loader.dll"]  # by ISO 9660 and Joliet
    assert len(features["image.application"]) == 1


def test_udf_alone():
    data = udf_only()
    features, children, error = read(data)
    assert error is None
    assert features["image.filesystem"] == ["UDF 1.02"]
    assert features["image.label"] == ["LABEL"]
    assert children["請求書 2026.txt"].data.decode() == "日本\n"
    analysis, _ = analyse(Artifact("x.img", data, "x.img"))
    assert (analysis.analyzers, analysis.unscanned) == (("iso",), "")


def tagged(kind, body):
    """Give a UDF descriptor with a head that adds up; where it says it lies is kept."""
    head = bytearray(kind.to_bytes(2, "little") + b"\x03\0" + bytes(8) + body[12:16])
    head[4] = sum(head) & 0xFF
    return bytes(head) + body[16:]


def number(raw, at, value, width=4):
    raw[at : at + width] = value.to_bytes(width, "little")


def udf_entry(kind, form, area, size):
    raw = bytearray(176)
    raw[27] = kind
    number(raw, 34, form, 2)
    number(raw, 56, size, 8)
    number(raw, 172, len(area))
    return tagged(261, bytes(raw) + area).ljust(SECTOR, b"\0")


def identifier(name, block, flags=0, reference=1):
    raw = bytearray(38)
    raw[18], raw[19] = flags, len(name)
    number(raw, 24, block)
    number(raw, 28, reference, 2)
    return tagged(257, bytes(raw) + name).ljust(-(-(38 + len(name)) // 4) * 4, b"\0")


def modern(root, entries):
    """Build UDF 2.50: files in a metadata partition; ``root`` are identifiers, ``entries`` the blocks after the root."""
    sectors = {16: b"\0BEA01\1", 17: b"\0NSR03\1", 18: b"\0TEA01\1"}
    anchor = bytearray(512)
    number(anchor, 16, 16 * SECTOR)
    number(anchor, 20, 32)
    number(anchor, 12, 256)
    sectors[256] = tagged(2, bytes(anchor))
    partition = bytearray(512)
    number(partition, 188, 300)
    number(partition, 192, 100)
    sectors[32] = tagged(5, bytes(partition))
    logical = bytearray(512)
    logical[84:90], logical[211] = b"\x08LABEL", 6
    number(logical, 212, SECTOR)
    number(logical, 240, 0x250, 2)
    number(logical, 256, 1, 2)  # the file set lies in partition 1, block 0
    number(logical, 268, 2)
    logical[440:446] = b"\1\6\1\0\0\0"
    logical[446:448] = b"\2\x40"
    logical[451:474] = b"*UDF Metadata Partition"
    number(logical, 486, 50)
    sectors[33] = tagged(6, bytes(logical))
    sectors[34] = tagged(8, bytes(512))
    # two extents, so that blocks have to be looked up
    runs = b"".join(n.to_bytes(4, "little") for n in (SECTOR, 60, 20 * SECTOR, 70))
    sectors[350] = udf_entry(250, 0, runs, 21 * SECTOR)
    file_set = bytearray(512)
    number(file_set, 404, 1)
    number(file_set, 408, 1, 2)
    sectors[360] = tagged(256, bytes(file_set))
    folder = b"".join([identifier(b"", 1, 0x0A), *root])
    sectors[370] = udf_entry(4, 3, folder, len(folder))
    sectors.update(dict(enumerate(entries, 371)))
    out = bytearray(420 * SECTOR)
    for sector, raw in sectors.items():
        out[sector * SECTOR : sector * SECTOR + len(raw)] = raw
    return bytes(out)


def test_a_metadata_partition_with_data_inside_the_entry():
    root = [identifier(b"\x08a.lnk", 2), identifier(b"\x10" + "見積.dll".encode("utf-16-be"), 3, 1)]
    root += [identifier(b"\x08gone.exe", 2, 4), identifier(b"\x08loop", 1, 2)]
    features, children, error = read(modern(root, [udf_entry(5, 3, b"inline", 6), udf_entry(5, 3, b"cut", 9)]))
    assert features["image.filesystem"] == ["UDF 2.50"]
    assert features["archive.hidden_file"] == ["見積.dll"]
    assert features["image.deleted_entry"] == ["gone.exe"]
    assert (children["a.lnk"].data, children["見積.dll"].data) == (b"inline", b"cut")
    assert "shorter" in children["見積.dll"].unscanned
    assert "lies in itself" in str(error)


def test_a_list_of_extents_that_leads_to_itself_ends():
    again = (3 << 30 | SECTOR).to_bytes(4, "little") + (3).to_bytes(4, "little")
    more = bytearray(24)
    number(more, 20, 8)
    entries = [udf_entry(5, 0, again, 100), tagged(258, bytes(more) + again)]
    _, children, error = read(modern([identifier(b"\x08a", 2)], entries))
    assert (children["a"].data, isinstance(error, LimitError)) == (b"", True)


def test_honest_files_are_no_disc():
    for data in (b"", b"PK\3\4" + bytes(40_000), b"CD001" * 10, bytes(0x8001) + b"CD00"):
        assert not is_disc(Artifact("a.iso", data, "a.iso"))


def test_only_foreseen_errors_come_out_of_broken_discs():
    dice = random.Random(7)
    root = [identifier(b"\x08a.lnk", 2), identifier(b"\x08b", 3)]
    seeds = [
        disc([(b"A.LNK;1", b"one", 0), (b"B.DLL;1", b"two", 1)], ["a".encode("utf-16-be"), None], [(b"D", 20)]),
        bridge(),
        udf_only(),
        modern(root, [udf_entry(5, 3, b"inline", 6), udf_entry(5, 0, bytes([0, 8, 0, 0, 9, 0, 0, 0]), 99)]),
    ]
    spots = [[at for at, byte in enumerate(seed) if byte] for seed in seeds]
    for _ in range(400):
        which = dice.randrange(4)
        data = bytearray(seeds[which])
        for _ in range(dice.randrange(1, 8)):
            at = dice.choice(spots[which]) + dice.randrange(-3, 4)
            data[at % len(data)] = dice.choice([0, 1, 0xFF, dice.randrange(256)])
        read(bytes(data[: dice.choice([len(data), dice.randrange(30_000, len(data))])]))


def test_it_is_found_in_the_folder():
    assert analyzers.load()["iso"].run is analyze
