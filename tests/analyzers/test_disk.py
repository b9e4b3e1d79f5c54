"""Raw disk images."""

import base64
import random
import zlib

import pytest

from sekisho.analyzers import _lznt1, _ntfs
from sekisho.analyzers._disk import Flat
from sekisho.analyzers.disk import analyze, is_disk
from sekisho.app.examine import analyse
from sekisho.model.artifact import Artifact, Feature
from sekisho.model.errors import LimitError, MalformedError

LNK, DLL = b"harmless shortcut\n", b"MZ not a program; " * 200


def read(data, name="a.img"):
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


def unpacked(text):
    return zlib.decompress(base64.b64decode(text))


# mkfs.fat -F 12 -n STICK, 64 KiB, filled with mtools: a shortcut's name, a hidden file, a Japanese name, a deleted file.
FAT12 = unpacked(
    "eNrt3DFoE1Ecx/F/UjWlkhocRCcf3Rx6NBmEokuaRAhNG2ljKUoN1/aSHLnchbtTDJTS2cnNxcHFRTo4uAniLpndnEyXLG5mMr4kKk2pILhI8/2Q8O5+/7w/eZcQuAyve/tZo14JjIoZSvRcRKISPZBeRBL66JcDubH46eXn9VI+s6yG7qRLyZQeZ6+/f7B3OPchvLjxdvZdTNqJh92vqS/tK+1r3e+lmh0o/XC9UJlq2/NCc9ux1K4d1A2l7jqWGVjKdgPLH6tXHK/ZbCnT3Y3PNH0rCPRhS9Wtlgo9Ffq6UjVtVxmGoeIzgn9x73Wv3+8XpT/E9Zg8fP6T7diP+rRIfHFva29rNI7qS67U9TD4elwSo3/MKIzkxZXH4oktur4jlhjSlF2p6EmGOJJf3SjmM/vJwuqyGu8flcv6NYViOptbUypbKMxdHatPSWJWJP3x6ZLTqyhJ6f5vFvRwU/cN5YmeG+pnuVxOLaT2k6XN0on+5yWm69liZn20PJWYHqtfGK6vM3jDlm5n6f7fRE6ur1PVa3N1dX5Qd4YnVX3i6rmmNKRTXM3NF/aTuc2cOu36AQAAAAAAAAAAAAAAAAAAAAAAAAAAAADwN2qm33AGm6wENc8Pdx6FbKkCAMCZt3L/5/5sTd+r+mbjliIhISEhISEhISEhISGZhIQ74sly9PzV0YtD/vQHAGCSGOq3hJyyP75h/Kk+mr+WS2dXckoN9t8f378/JlNcXgAA/ks1m3t/AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAABwtv0ABIuGkw=="
)
# mkfs.exfat -L EXVOL with a file in a row, a hidden file in a chain and a folder (fsck.exfat: clean); tables blanked.
EXFAT = unpacked(
    "eNrt27FqFFEUBuB/d1mTCMJWQrrRB1hSWhohQkCxUUlhE93VGNeNGE2hCFFJESz0AWwF8QUsbNzGys5C8AFs8hJeVmVWSNJIICzfxxzuuedyzzCXqQZmb+vN0srFxatVVeW//N0+O76STolm0i7Dp2ev99JI5lqN7XCMXPvgDAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA4arOOAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAACmwsv2UlZyPVdyad/15/vUmiXO/8lflDj1bf7n5HqrxNfTv/Od1vcL1Tg7c6OO2udW5t+vJ+2J2onU81GWM8xWNnI3t9JPlUHJh7lTsmFWy/r9Uu3mQXq5XcZBqd6b6LXTfPr27GH3b+Tku4VkplPXZlLPR+P7rZbu/Tws/XtlPvin/4+FzuHP1+qeK8lE/7nU81E28zg3vYgAAAAcqbX+YLDhGAAAAGCqLQIAAABT79Fav+oPez6EAAAAwBTbaX5ZrsbZgf/Htz9uH7x/lFe7l590s55NhwkAAADH1C8VQUxH"
)
# mkntfs -L NTVOL, filled with ntfscp; clusters that hold neither records nor data are blanked.
NTFS = unpacked(
    "eNrt3UtsHGcBwPFv1o+kbpPYaShJW8ikhJBCcdK09Emp+woJatM0TaOqCBQ3cZoQ1za2C6lUUUsIid56REICjghxqAQHJCRUiXMljgjRGwekXgIHVCHU8M1jNzvjtROnznN+P7OZ9Xgys7Pxf1543I8OvXvg8N4X0yi01obCx6FiIX6c21A87y/HnSuH/4mPJD5+PHXXI2/95MSWbNz6rX/6/lu/vev9+ZuP/H79H9eED4a/+9HZPf/44LYPtnz0yeGTp+bS+L+p6fl0PH11enp+/NXJifT4qbnTo+nByYnxuYn01NTcxGzlyycmp2dm3kzHp46vG5qZnZibi0/fTE9PvJnOT6fzs/Err42fmkpHR0fTdUOBi/TSb7wHAAAAAAAAAAAAAAAAAAAA14a9+599Znfo63yexI+H4uNn2U39/een668Nh+PjaP5sc/7nvs6z5Q1e5OvaHR8nO/NvhW/lz5IwkI8bCAv//fmTa97+MFlqGGbKGU1Wl9vftz08F/aGw+XnC+VrT8JYKH6TQWFjORzrvKDya2urw5Fbi3fkvcp8+hatT2c+w5VBZziStPLhuejK/ev3C6DR+pfs/+Va/31lHa0L9H+hLnv2n/Tuf6ar/0Mr7b8WWHu5azv9PxdOhdn4sfx2YKl+68Ntybmr0O+n1ZJAo7UW9d9apv/W9dR/7Yilu/9nw3R4LW4DTsWDg4kL9P94vf9FR0LFcNtY8Zf0z/Xcf1/Z/19r/Q92bQPa/e/r6n/3JfZfPc5PwsEVd977/GJN7PxI7HwyvBFej5UfLBtvb0+Od5bYv5CtR/t8YFP+1fvL9dwUfplsDEmxlIGN5d/PxxUTDKTxjzQ+756m/rVQbit3dpbfH4bKZwfiko+E5+M2qTBTmW4g3FI7r+pLzm+vNnem6+s8W9n2R//6r/bfX/b/fo/z//7L1P+qHOcPLT7OfyLMx4/Z8HTs/0Q5vrod6Lvo7cA7YfF2IB+3wu3Ais8zhqrDkWTvKp5n6F//1f4H8v77im+N2v5/YBX639Gj/6Nd+/+nP/3+Py8n6Rvt9H6+t9aiU45Ob2kxuGe4OhxpPZUP342Pl/MNYbHdeKj8K9vD/nBfXIvd7XkOF8Phcj++s1b55trVwV+VrzHpHyvf4ap9F7ju0F7+SPJM5zrkzs7r7A9ra6+z/VqK7Yf+9V/tf7Dc/x/scf4/eIXP/7uv/6/4vGC42nf3ecGT8cx/Pp4VjMcjj5Xuj8dq40eSb16H1/3s/+nd/5qy/z/0OP5fc9nP/1v5efCKOk+r++/2/Afyzqfjx/w1fdy/1HFIfTjSCpdhO6N//Vf7X1v2f6ZH/2vD1br+33cJ1/97Xxdcm28XxmP/T+XXBudC0VP1elqr82yhcnx+frafJLXj87Nbq8PQPj4vltY6l1yDxwn613+1/5vy/m8Kv66d/w/kX1uV/tNF+V/w+H9V/n+BtH38/2KYCMdi+7NxWO27tei4//z5d/Fm/C9Uh9ncno6PkSf2da4TvNd1neDdzvl3Nl0xzcbadYKFzrFJto6byvUv/mMsL2z/Xf7+tIft6d6Kj/3xoz792Y19H2czbg9Dbfru05lW/Hi3vAbRvl6w0PV629MP117vTGfbnB0hFcvf2f5mWWLZ9emWWqfq67tez6uu3/6Hlvn5v6Grdv7fdwn9tyr7uO7z/5fid+9Tca88V/bf67h8a/24vDa/9nBb+k7l+D4MFMcPaXkdLrvuNhVOxPOQ6mH9LafuOP3DH/39b/X1vrLf7/b/+q/2f3N5/X+htfj6382Xqf8rtP8fbvf/TDgT5mP7U/G4PNv/Fec6RbfZzz2lYfnr+vuS4pHZUm7AjoYD5ftX/LnS17ej3DQMxtf3fHg1fC8u/3jn3V3d+b8Qj32y6yLjcX1vL+d/Mj/D+vTzz86vDsX3dibOfTbfwlbZr1/b/Wc/b5Lt/9Me1/9vuQzX/672z+VUz/uTzrNmfH/a/+u/2v+6Zfpfp3/9c0P3v36Z/tfrX//c0P1vWKb/DfrXPzd0/8N5/yH8NFT7T2rfMavVv+tA+ufa6X9E//qnsf1v1L/+aWz/t+pf/zS2/0361z+N7f8z+tc/je3/Nv3rn8b2/1n965/G9l/8/u91YaZ2/09/6L4z/tLv/9lxiff/HgjF/T+re/9Lcb/umfytKO4zzH7HVzZhdhdO20i5wknXdq99X3Bavkk7y18QtOhnjJLqCrfvf8mWe7az3Fb4S2e5L1Sm7V7u++WjuE6zu3zf+zvb51ao3krZfi/O1XT/+28q73B8uev+3ZXOp9fPVdXX13b++uq/1+//3nKD9N99f13W4cGuDnf36P/WWodpWLwS1+f3uf2//nv3f7RH/7df4f5nuvo/tEr9L3V/6tLbgUM38HZA//qv91+c/4/Vzv8zd3R9xziec/5Ps/q/U//6p7H9f07/+qex/X9e//qnsf1v1b/+aWz/qf71T2P736Z//dPY/u/Sv/5pbP9f0L/+aWz/2/Wvfxrb/xf1r38a2/8O/eufxvb/Jf3rn8b2v1P/+qex/d+tf/3T2P6/rH/909j+v6J//dPY/u/Rv/5pbP9f1b/+aWz/o/rXP43tf5f+9U9j+9+tf/3T2P7v1b/+aWz/e/Svfxrb/3361z+N7f9+/eufxvb/Nf3rn8b2/4D+9U9j+39Q//qnsf0/pH/909j+H9a//mls/4/oX/80tv9H9a9/Gtv/1/Wvfxrb/2P61z+N7f8b+tc/je3/cf3rnxu8/yT2n4S1rWr/A+U2YbD8fDg+9nXNKfvdAJvj4xd3/+vJNW9/mCw1TGuvIPt7Zzqf9YWj+XySfHnZUi80v821+bXnvyHsD1PhB2E6nArHwkQYDTPheDgRh5Nx/OlwME5zsmutD5avPwn9C5tC8d86zGT3PCRFJgPZvNPW4s9b4c58uxn6NoVzydaQJJ1NaVgo17H9fm8sl3NyfPb1yYm5uXTu5PTs/LE35oeKKbLpZ/IV2Jz/AzxQbo9fiWsyla/H/rgeE/H5fFyzE/ExEWbj17/9yvTUxOHZ8am5ExOz31k3lH26//hj960b2jc9N//S7ORjJ+fnZx7Zteveh/eM7h7dM/rgrvF1Q4O24402uGT//0wW9//ERfQ/9Od/510uNezV/0xX/0dq/V9ofvkL6dH/UOx8OoznrczGao7Hzyfj+CvZ/b78k7Ge+9mx0PVGZoP11eG2ZKwzn3zawWJ7kG0/sv8Oy1xcr2NxzSbidiAssz1Zvu9BCTS8fwAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAALiRPfdKOjU9n46nM7PTr82Ov/5oaowxxhhjjDHGGGOMMcYYY0wTxjgjbpb/A2frkO4="
)


def put(data, at, value, width):
    return data[:at] + value.to_bytes(width, "little") + data[at + width :]


def mbr(*volumes):
    """Put volumes into partitions of a disk, from sector 1 on."""
    table, body, sector = b"", b"", 1
    for kind, volume in volumes:
        table += (
            bytes([0, 0, 0, 0, kind, 0, 0, 0])
            + sector.to_bytes(4, "little")
            + (len(volume) // 512).to_bytes(4, "little")
        )
        body += volume
        sector += len(volume) // 512
    return bytes(446) + table.ljust(64, b"\0") + b"\x55\xaa" + body


def gpt(volume, name, sector=512):
    head = bytearray(sector)
    head[:8] = b"EFI PART"
    head[72:80], head[80:84], head[84:88] = (
        (2).to_bytes(8, "little"),
        (4).to_bytes(4, "little"),
        (128).to_bytes(4, "little"),
    )
    entry = bytearray(sector)
    entry[:16] = bytes(range(1, 17))
    entry[32:40], entry[40:48] = (3).to_bytes(8, "little"), (2 + len(volume) // sector).to_bytes(8, "little")
    entry[56 : 56 + 2 * len(name)] = name.encode("utf-16-le")
    return mbr((0xEE, b""))[:512].ljust(sector, b"\0") + bytes(head) + bytes(entry) + volume


def test_fat_with_long_names_attributes_and_what_was_deleted():
    features, children, error = read(FAT12)
    assert error is None
    assert features == {
        "image.filesystem": ["FAT12"],
        "image.system": ["mkfs.fat"],
        "image.label": ["STICK"],
        "image.deleted_entry": ["gone-long-name.exe"],
        "archive.members": [4],
        "archive.member": ["Invoice.pdf.lnk", "loader.dll", "請求書 2026.txt", "docs/readme.txt"],
        "archive.hidden_file": ["loader.dll"],
    }
    assert (children["Invoice.pdf.lnk"].data, children["loader.dll"].data) == (LNK, DLL)
    analysis, found = analyse(Artifact("a.img", FAT12, "a.img"))
    assert (analysis.media_type, analysis.unscanned, len(found)) == ("application/x-raw-disk-image", "", 4)


def test_exfat_files_in_a_row_and_in_a_chain():
    features, children, error = read(EXFAT)
    assert error is None
    assert (features["image.filesystem"], features["image.label"]) == (["exFAT"], ["EXVOL"])
    assert features["archive.member"] == ["Invoice long name.pdf.lnk", "loader.dll", "sub/見積.js"]
    assert features["archive.hidden_file"] == ["loader.dll"]
    assert children["Invoice long name.pdf.lnk"].data == b"hello"
    assert children["loader.dll"].data == b"A" * 4_096 + b"the end"


def test_ntfs_with_named_streams_and_the_mark_of_the_web():
    features, children, error = read(NTFS)
    assert error is None
    assert (features["image.filesystem"], features["image.label"]) == (["NTFS"], ["NTVOL"])
    assert features["archive.member"] == ["Invoice.pdf.lnk", "loader.dll", "loader.dll:secret"]
    assert features["image.zone_identifier"] == ["Invoice.pdf.lnk: [ZoneTransfer] ZoneId=3 HostUrl=http://192.0.2.7/a"]
    assert features["image.alternate_stream"] == ["loader.dll:secret"]
    assert (children["Invoice.pdf.lnk"].data, children["loader.dll"].data) == (LNK, DLL)
    assert (children["loader.dll:secret"].data, children["loader.dll:secret"].relation) == (LNK, "embedded")


def test_partitions_of_both_tables():
    features, children, error = read(mbr((0x06, FAT12), (0x07, NTFS)))
    assert error is None
    assert features["image.partition"] == ["0x06: FAT12", "0x07: NTFS"]
    assert {"1/loader.dll", "2/loader.dll"} <= set(children)
    for sector in (512, 4_096):
        features, children, _ = read(gpt(FAT12, "basic", sector))
        assert features["image.partition"] == ["basic: FAT12"]
        assert children["loader.dll"].data == DLL


def test_partitions_chained_in_an_extended_one():
    inner = mbr((0x06, FAT12))
    _, children, error = read(mbr((0x05, inner), (0x07, NTFS)))
    assert error is None
    assert {"1/loader.dll", "2/loader.dll"} <= set(children)
    loop = bytearray(inner)  # its second slot leads back to itself
    loop[462:478] = bytes([0, 0, 0, 0, 5, 0, 0, 0]) + bytes(4) + (9).to_bytes(4, "little")
    assert len(read(mbr((0x05, bytes(loop))))[0]["image.partition"]) == 32


def test_bytes_after_the_last_volume():
    for data in (FAT12, mbr((0x06, FAT12))):
        features, children, error = read(data + b"appended")
        assert error is None
        assert features["image.trailing_bytes"] == [8]
        assert children["trailing"].data == b"appended"


def test_a_table_that_counts_larger_sectors():
    table = bytes(446) + bytes([0, 0, 0, 0, 6, 0, 0, 0, 1, 0, 0, 0, 16, 0, 0, 0]).ljust(64, b"\0") + b"\x55\xaa"
    assert read(table.ljust(4_096, b"\0") + FAT12)[1]["loader.dll"].data == DLL


def test_volumes_that_are_not_read_are_named():
    locked = (b"\xeb\x58\x90-FVE-FS-" + bytes(499) + b"\x55\xaa").ljust(512)
    _, children, error = read(mbr((0x07, locked), (0x06, FAT12)))
    assert "BitLocker" in str(error)
    assert children["2/loader.dll"].data == DLL
    assert "type 0x83" in str(read(mbr((0x83, bytes(4_096)), (0x06, FAT12)))[2])


def test_clusters_in_a_loop_end():
    first = int.from_bytes(FAT12[14:16], "little") * 512
    loop = (  # pairs of entries that lead to themselves
        FAT12[: first + 3]
        + bytes.fromhex("022000 033000 044000 055000 066000 077000 088000 099000 0aa000")
        + FAT12[first + 30 :]
    )
    features, children, error = read(loop)
    assert features["archive.member"][:3] == ["Invoice.pdf.lnk", "loader.dll", "請求書 2026.txt"]
    assert len(children["loader.dll"].data) == len(DLL)  # as long as it says, whatever the chain is
    assert error is None


def test_a_folder_that_is_its_own_parent_ends():
    at = FAT12.index(b"DOCS       ")
    inside = int.from_bytes(FAT12[at + 26 : at + 28], "little")
    start = FAT12.index(b"README  TXT") - 64  # the folder's own two entries come first
    looped = (
        FAT12[:start]
        + b"LOOP       "
        + bytes([0x10])
        + FAT12[start + 12 : start + 26]
        + inside.to_bytes(2, "little")
        + FAT12[start + 28 :]
    )
    assert "lies in itself" in str(read(looped)[2])


def test_files_in_a_hidden_folder_are_hidden():
    at = FAT12.index(b"DOCS       ")
    assert read(put(FAT12, at + 11, 0x12, 1))[0]["archive.hidden_file"] == ["loader.dll", "docs/readme.txt"]


def test_declared_terabytes_cost_nothing():
    at = FAT12.index(b"LOADER  DLL")
    _, children, error = read(put(FAT12, at + 28, 0xFFFFFFF0, 4))
    assert "member_bytes" in children["loader.dll"].unscanned
    assert isinstance(error, LimitError)
    huge = put(put(EXFAT, 72, 1 << 60, 8), 92, 0xFFFFFFF5, 4)
    assert read(huge)[1]["loader.dll"].data.endswith(b"the end")


def test_a_record_table_that_holds_itself_ends():
    # The table's one run of zeros: as many records as the limit allows, none of them a record.
    at = NTFS.index(b"FILE")
    record = NTFS[at : at + 1_024]
    data = record.index(bytes.fromhex("80000000"))
    runs = data + int.from_bytes(record[data + 32 : data + 34], "little")
    broken = record[:runs] + bytes.fromhex("08ffffffffffffff3f00") + record[runs + 10 :]
    _, children, error = read(NTFS[:at] + broken + NTFS[at + 1_024 :])
    assert (children, isinstance(error, LimitError)) == ({}, True)


def test_ntfs_folders_that_hold_each_other_end():
    at = NTFS.index("loader.dll".encode("utf-16-le")) - 66
    record = NTFS.rindex(b"FILE", 0, at)
    features = read(put(NTFS, at, int.from_bytes(NTFS[record + 44 : record + 48], "little"), 6))[0]
    assert "?/loader.dll" in features["archive.member"]


def test_compressed_data_of_ntfs():
    plain = b"Sekisho " * 512 + bytes(range(256)) * 16
    # one chunk with a copy of eight bytes from eight back, again and again; one stored chunk
    copy = (7 << 12 | 4_096 - 8 - 3).to_bytes(2, "little")
    packed_chunk = b"\x00Sekisho " + b"\x01" + copy
    head = (0xB000 | len(packed_chunk) - 1).to_bytes(2, "little")
    stored = (0x3000 | 4_095).to_bytes(2, "little") + plain[4_096:]
    assert _lznt1.expand(head + packed_chunk + stored, 8_192) == plain
    with pytest.raises(MalformedError, match="before the chunk"):
        _lznt1.expand(b"\x02\xb0\x01\xff\xff", 8_192)
    unit = 65_536
    disk = Flat((head + packed_chunk + stored).ljust(unit, b"\0") + b"x" * unit)
    volume = _ntfs._Volume(disk, 512, 4_096, 1_024, 0)
    runs = bytes.fromhex(
        "11 02 00  01 0e  01 10  11 10 10"
    )  # two clusters at 0, fourteen nowhere, a unit nowhere, one at 16
    part = _ntfs._Attribute(0x80, "", 1, None, 0, runs, 3 * unit, 3 * unit, 16)
    out = bytearray()
    _ntfs._load(volume, [part], 3 * unit, out)
    assert out == plain.ljust(2 * unit, b"\0") + b"x" * unit


def test_honest_files_are_no_disk():
    boot = bytearray(FAT12[:512])
    for data in (b"", b"MZ".ljust(4_096), bytes(510) + b"\x55\xaa" + bytes(9_000), bytes(510) + b"\x55\xaa"):
        assert not is_disk(Artifact("a.img", data, "a.img"))
    boot[13] = 3
    assert not is_disk(Artifact("a.img", bytes(boot) + FAT12[512:], "a.img"))
    assert is_disk(Artifact("a", FAT12, "a"))
    assert not is_disk(Artifact("a", FAT12 + b"conectix".ljust(512, b"\0"), "a"))


@pytest.mark.parametrize(
    "seed", [FAT12, EXFAT, NTFS, mbr((0x06, FAT12), (0x05, mbr((0x07, NTFS))))], ids=["fat", "exfat", "ntfs", "mbr"]
)
def test_only_foreseen_errors_come_out_of_broken_disks(seed):
    dice = random.Random(7)
    spots = [at for at, byte in enumerate(seed) if byte]
    for _ in range(200):
        data = bytearray(seed)
        for _ in range(dice.randrange(1, 8)):
            at = dice.choice(spots) + dice.randrange(-3, 4)
            data[at % len(data)] = dice.choice([0, 1, 0xFF, dice.randrange(256)])
        read(bytes(data[: dice.choice([len(data), dice.randrange(600, len(data))])]))
