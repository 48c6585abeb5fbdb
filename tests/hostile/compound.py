"""Writes OLE2 compound files (MS-CFB 3), as Outlook messages and encrypted Office documents are."""

import itertools
import struct

Tree = dict[str, "bytes | Tree"]
SECTOR, MINI, CUTOFF = 512, 64, 4096
FREE, END, FAT = 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFD


def compound(tree: Tree) -> bytes:
    """A compound file of storages (dicts) and streams (bytes)."""
    entries = _entries(tree)
    mini, mini_fat, big = bytearray(), [], []
    for entry in entries:
        data = entry["data"]
        if not data:
            entry["start"] = END
        elif len(data) < CUTOFF:
            count = -(-len(data) // MINI)
            entry["start"] = len(mini_fat)
            mini_fat += [*range(len(mini_fat) + 1, len(mini_fat) + count), END]
            mini += data.ljust(count * MINI, b"\0")
        else:
            big.append(entry)
    fat: list[int] = []
    sectors = bytearray()

    def add(data: bytes) -> int:
        if not data:
            return END
        start, count = len(fat), -(-len(data) // SECTOR)
        fat.extend([*range(start + 1, start + count), END])
        sectors.extend(data.ljust(count * SECTOR, b"\0"))
        return start

    for entry in big:
        entry["start"] = add(entry["data"])
    entries[0]["start"], entries[0]["size"] = add(bytes(mini)), len(mini)
    mini_start = add(
        struct.pack(f"<{len(mini_fat)}I", *mini_fat).ljust(-(-len(mini_fat) // 128) * SECTOR, b"\xff")
    )
    directory = b"".join(_directory(entry) for entry in entries)
    directory_start = add(directory.ljust(-(-len(directory) // SECTOR) * SECTOR, b"\0"))
    fat_count = 1
    while fat_count * 128 < len(fat) + fat_count:
        fat_count += 1
    first_fat = len(fat)
    fat += [FAT] * fat_count
    sectors += struct.pack(f"<{len(fat)}I", *fat).ljust(fat_count * SECTOR, b"\xff")
    header = (
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
        + bytes(16)
        + struct.pack("<HHHHH", 0x3E, 3, 0xFFFE, 9, 6)
        + bytes(6)
    )
    header += struct.pack(
        "<IIIIIIIII", 0, fat_count, directory_start, 0, CUTOFF, mini_start, -(-len(mini_fat) // 128), END, 0
    )
    header += struct.pack(
        "<109I", *(list(range(first_fat, first_fat + fat_count)) + [FREE] * (109 - fat_count))
    )
    return header + bytes(sectors)


def _entries(tree: Tree) -> list[dict]:
    entries: list[dict] = [
        {"name": "Root Entry", "type": 5, "data": b"", "child": FREE, "right": FREE, "size": 0}
    ]

    def fill(parent: int, branch: Tree) -> None:
        numbers = []
        for name, value in sorted(branch.items(), key=lambda item: (len(item[0]), item[0].upper())):
            is_stream = isinstance(value, bytes)
            entries.append({
                "name": name, "type": 2 if is_stream else 1, "data": value if is_stream else b"",
                "child": FREE, "right": FREE, "size": len(value) if is_stream else 0,
            })  # fmt: skip
            numbers.append(len(entries) - 1)
            if not is_stream:
                fill(numbers[-1], value)
        if numbers:
            entries[parent]["child"] = numbers[0]
            for one, two in itertools.pairwise(numbers):
                entries[one]["right"] = two  # a degenerate tree is still a search tree

    fill(0, tree)
    return entries


def _directory(entry: dict) -> bytes:
    name = entry["name"].encode("utf-16-le") + b"\0\0"
    return (
        name.ljust(64, b"\0")
        + struct.pack("<HBBIII", len(name), entry["type"], 1, FREE, entry["right"], entry["child"])
        + bytes(36)
        + struct.pack("<IQ", entry.get("start", 0) & 0xFFFFFFFF, entry["size"])
    )


def outlook(subject: str, body: str, *, sender: str = "", html: str = "", attachment: bytes = b"") -> bytes:
    """An Outlook message (MS-OXMSG 2) with Unicode properties."""
    tree: Tree = {
        "__nameid_version1.0": {
            "__substg1.0_00020102": b"",
            "__substg1.0_00030102": b"",
            "__substg1.0_00040102": b"",
        }
    }
    texts = {
        0x001A: "IPM.Note",
        0x0037: subject,
        0x1000: body,
        0x0C1A: sender,
        0x5D01: sender,
        0x007D: f"From: {sender}\r\nSubject: {subject}\r\nMessage-ID: <1@example.com>\r\n",
    }
    properties = b""
    for tag, text in texts.items():
        data = text.encode("utf-16-le")
        tree[f"__substg1.0_{tag:04X}001F"] = data
        properties += struct.pack("<IIII", tag << 16 | 0x1F, 6, len(data) + 2, 0)
    if html:
        tree["__substg1.0_10130102"] = html.encode()
        properties += struct.pack("<IIII", 0x10130102, 6, len(html.encode()), 0)
    if attachment:
        name = "note.txt".encode("utf-16-le")
        inner = (
            struct.pack("<IIII", 0x37010102, 6, len(attachment), 0)
            + struct.pack("<IIII", 0x3707001F, 6, len(name) + 2, 0)
            + struct.pack("<IIII", 0x37050003, 6, 1, 0)
        )
        tree["__attach_version1.0_#00000000"] = {
            "__properties_version1.0": bytes(8) + inner,
            "__substg1.0_37010102": attachment,
            "__substg1.0_3707001F": name,
        }
    tree["__properties_version1.0"] = (
        bytes(8)
        + struct.pack("<IIII", 0, 1 if attachment else 0, 0, 1 if attachment else 0)
        + bytes(8)
        + properties
    )
    return compound(tree)


def encrypted_office() -> bytes:
    """The shell of a password-protected Office document (MS-OFFCRYPTO 2.3.4); its contents are noise."""
    return compound(
        {"EncryptionInfo": bytes(range(200)), "EncryptedPackage": bytes(i * 7 % 251 for i in range(6000))}
    )
