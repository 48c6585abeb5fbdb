"""Banks of known items in use: what is in them, what looks like something, and changes that a second person agrees to."""

import tempfile
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path

import msgspec

from brightline.core.errors import NotThereError, RefusedError
from brightline.core.scratch import scratch_folder
from brightline.core.subject import Context, Media
from brightline.core.wire import digest
from brightline.doors.service import fingerprint_lens as lens
from brightline.doors.service import record
from brightline.doors.service.api_submissions import read_on_record
from brightline.doors.service.state import State
from brightline.examine.catalogue import Entry
from brightline.examine.messages import DATA_LIMIT_BYTES, Task
from brightline.examine.pool import Pool
from brightline.review import bank_changes
from brightline.review.bank_changes import ADD, AGREED, REFUSED, RETIRE, Change, Print
from brightline.review.people import Person
from brightline.review.submissions import Submission
from brightline.settings import BankSetting

HOUSE = "house"  # the tenant whose people change the banks, where the settings name none
ROWS_LOOKED = 200_000  # rows of a bank that one look through its items reads
SIMILAR_TEXTS = 0.3  # estimated similarity from which a text is told in a search; the detector asks for more
FOUND_MOST = 50  # hits of one search in one bank
_ENTRY = Entry(name=lens.NAME, module=lens.__name__, media=tuple(Media), whole=True)


class BankShown(msgspec.Struct, frozen=True, kw_only=True):
    """A bank with how much is in it, by kind of fingerprint."""

    name: str
    allow: bool
    harm: str
    digest: str
    rows: dict[str, int]
    changed: bool


class Item(msgspec.Struct, frozen=True, kw_only=True):
    """One row of a bank; of a text its begin alone."""

    item: str
    type: str
    value: str


class Hit(msgspec.Struct, frozen=True, kw_only=True):
    """Something in a bank that is like what was asked for.

    Attributes:
        bank: its name.
        item: the item's.
        method: sha256, pdq, tlsh or text.
        distance: bits of 256, TLSH points, or 1 - similarity; 0 is the same.
        strong: whether the detector would call it known.
    """

    bank: str
    item: str
    method: str
    distance: float
    strong: bool


def is_house(state: State, person: Person) -> bool:
    """Whether the person is of the tenant that runs the house: banks serve all tenants, and only it changes them."""
    return person.tenant == (state.house.settings.tenant or HOUSE)


def check_house(state: State, person: Person) -> None:
    """See that the person is of the house.

    Raises:
        RefusedError: the person is of another tenant.
    """
    if not is_house(state, person):
        raise RefusedError("banks serve all tenants: only people of the house see and change what is in them")


def banks_shown(state: State) -> list[BankShown]:
    """All banks in use.

    Raises:
        BankError: one cannot be read.
    """
    originals = {one.name: one.path for one in state.house.settings.banks}
    shown = []
    for setting, bank in state.rules.banks():
        known = bank.known
        counts = {
            "sha256": len(known.sha256), "pdq": len(known.pdq), "tlsh": len(known.tlsh), "text": len(known.text),
            "video": len(known.items[4]),
        }  # fmt: skip
        shown.append(
            BankShown(
                name=bank.name, allow=bank.allow, harm=setting.harm, digest=bank.digest, rows=counts,
                changed=setting.path != originals.get(bank.name),
            )
        )  # fmt: skip
    return shown


def items_of(state: State, bank: str, find: str, skip: int, count: int) -> list[Item]:
    """Rows of a bank whose item's name or value has these letters, in the order of the file.

    Raises:
        NotThereError: there is no bank of that name.
        BankError: it cannot be read.
    """
    from brightline.detectors.known.rows import inspect, read  # late: it brings numpy

    wanted, rows = find.strip().lower(), islice(read(inspect(_setting(state, bank).path)), ROWS_LOOKED)
    found = (row for row in rows if wanted in row.id.lower() or wanted in row.value[:200].lower())
    return [
        Item(item=row.id, type=row.type.value, value=row.value[:80])
        for row in islice(found, skip, skip + count)
    ]


def search(state: State, prints: Iterable[Print]) -> list[Hit]:
    """Items that are like any of these fingerprints, the nearest first."""
    asked = list(prints)
    found = {
        (hit.bank, hit.item, hit.method): hit
        for hit in sorted(_hits(state, asked), key=lambda hit: -hit.distance)
    }
    return sorted(found.values(), key=lambda hit: (not hit.strong, hit.distance, hit.bank, hit.item))


def prints_of_words(asked: str) -> list[Print]:
    """What somebody typed as fingerprints: 64 hex digits are a SHA-256 or a PDQ, `T1...` a TLSH, all else a text."""
    from brightline.media.fingerprint import is_tlsh  # late: it brings numpy

    plain = asked.strip()
    if len(plain) == 64 and not plain.lower().strip("0123456789abcdef"):
        return [Print("sha256", plain.lower()), Print("pdq", plain.lower())]
    fuzzy = plain.upper() if plain[:2].upper() == "T1" else f"T1{plain.upper()}"
    return [Print("tlsh", fuzzy)] if is_tlsh(fuzzy) else [Print("text", plain)] if plain else []


def prints_of_bytes(state: State, name: str, pieces: Iterable[bytes]) -> list[Print]:
    """Fingerprints of bytes, taken in a worker process without network.

    Raises:
        DetectorError: workers cannot be started.
    """
    settings = msgspec.structs.replace(state.house.settings, jobs=1, banks=())
    with tempfile.TemporaryDirectory(dir=scratch_folder()) as folder:
        path = Path(folder) / "subject"
        with path.open("xb") as file:
            file.writelines(pieces)
        data = path.read_bytes() if path.stat().st_size <= DATA_LIMIT_BYTES else b""
        context = Context(channel="bank", time="2000-01-01T00:00:00Z")  # nothing is decided by it
        task = Task(number=1, context=context, data=data, path=b"" if data else bytes(path), name=name)
        with Pool(settings, (_ENTRY,)) as pool:
            done = next(one for batch in pool.run([task]) for one in batch)
    findings = done.examination.findings if done.examination is not None else ()
    return [
        Print(one.detail("type"), one.detail("value"))
        for one in findings
        if one.claim == lens.CLAIM and not one.part
    ]


def propose_add(
    state: State, person: Person, submission: Submission, bank: str, item: str, reason: str, *, words: bool
) -> Change:
    """Propose that a submission's content becomes a known item; reading it is in the ledger first.

    Args:
        state: of the service.
        person: who proposes.
        submission: whose content it is.
        bank: name of the bank.
        item: what findings will call it.
        reason: why.
        words: whether a text's own words are kept, so that rewordings are found too.

    Raises:
        NotThereError: there is no such bank, or the content was erased.
        RefusedError: the person is of another tenant than the house's.
        ReviewError: no reason or name is given.
    """
    check_house(state, person)
    _setting(state, bank)
    taken = prints_of_bytes(state, submission.name, read_on_record(state, person, submission))
    prints = tuple(one for one in taken if words or one.type != "text")
    with state.store.writing() as connection:
        made = bank_changes.propose(
            connection, state.store, person.tenant, person.id, bank=bank, deed=ADD, item=item, reason=reason,
            prints=prints, submission=submission.id,
        )  # fmt: skip
    record.done(state, person, "bank.propose", submission, _facts(made))
    return made


def propose_retire(state: State, person: Person, bank: str, item: str, reason: str) -> Change:
    """Propose that an item is no longer known.

    Raises:
        NotThereError: there is no such bank or item.
        RefusedError: the person is of another tenant than the house's.
        ReviewError: no reason is given.
    """
    check_house(state, person)
    if not any(one.item == item for one in items_of(state, bank, item, 0, ROWS_LOOKED)):
        raise NotThereError(f"no item `{item[:80]}` in bank `{bank[:80]}`")
    with state.store.writing() as connection:
        made = bank_changes.propose(
            connection,
            state.store,
            person.tenant,
            person.id,
            bank=bank,
            deed=RETIRE,
            item=item,
            reason=reason,
        )
    record.done(state, person, "bank.propose", None, _facts(made))
    return made


def agree(state: State, person: Person, change: str) -> Change:
    """Agree to a change: it is in the ledger, then in force, on every server within seconds.

    Raises:
        NotThereError: this tenant has none of that id.
        ConflictError: it is decided.
        RefusedError: the person proposed it.
    """
    return _decide(state, person, change, AGREED, "bank.agree")


def refuse(state: State, person: Person, change: str) -> Change:
    """Refuse a change.

    Raises:
        NotThereError: this tenant has none of that id.
        ConflictError: it is decided.
        RefusedError: the person proposed it.
    """
    return _decide(state, person, change, REFUSED, "bank.refuse")


def _decide(state: State, person: Person, change: str, to: str, deed: str) -> Change:
    with state.store.reading() as connection:
        found = bank_changes.check_decide(connection, change, person.tenant, person.id)
    facts = _facts(found) | {"proposed_by": found.made_by}
    record.done_once(state, person, deed, facts, f"{deed} {change} {person.id}")
    with state.store.writing() as connection:
        bank_changes.check_decide(connection, change, person.tenant, person.id)
        bank_changes.decide(connection, change, person.id, to)
        decided = bank_changes.get(connection, change, person.tenant)
    state.rules.refresh()
    if state.worker is not None:
        state.worker.wake()
    return decided


def _hits(state: State, prints: list[Print]) -> Iterator[Hit]:
    from brightline.detectors.known.odds import PDQ_RADIUS, TEXT_SIMILARITY, TLSH_RADIUS
    from brightline.detectors.known.rows import HashType
    from brightline.media.fingerprint import text_print, tlsh_distance

    for _, bank in state.rules.banks():
        known = bank.known
        for one in prints:
            if one.type == "sha256" and (row := known.sha256_row(bytes.fromhex(one.value))) >= 0:
                item = known.name(HashType.SHA256, row)
                yield Hit(bank=bank.name, item=item, method="sha256", distance=0, strong=True)
            elif one.type == "pdq":
                for near in known.pdq.search(bytes.fromhex(one.value))[:FOUND_MOST] if len(known.pdq) else ():
                    item, strong = known.name(HashType.PDQ, near.row), near.distance <= PDQ_RADIUS
                    yield Hit(bank=bank.name, item=item, method="pdq", distance=near.distance, strong=strong)
            elif one.type == "tlsh":
                rows = sorted(
                    (tlsh_distance(one.value, two.decode()), row) for row, two in enumerate(known.tlsh)
                )
                for distance, row in rows[:5]:
                    item, strong = known.name(HashType.TLSH, row), distance <= TLSH_RADIUS
                    yield Hit(bank=bank.name, item=item, method="tlsh", distance=distance, strong=strong)
            elif one.type == "text":
                for text in known.text.search(text_print(one.value), SIMILAR_TEXTS)[:FOUND_MOST]:
                    apart = 0.0 if text.same else round(1 - text.similarity, 2)
                    strong = text.same or text.similarity >= TEXT_SIMILARITY
                    item = known.name(HashType.TEXT, text.row)
                    yield Hit(bank=bank.name, item=item, method="text", distance=apart, strong=strong)


def _setting(state: State, bank: str) -> BankSetting:
    found = next((setting for setting, _ in state.rules.banks() if setting.name == bank), None)
    if found is None:
        raise NotThereError(f"no bank `{bank[:80]}`")
    return found


def _facts(change: Change) -> dict[str, str]:
    return {
        "change": change.id, "bank": change.bank, "do": change.deed, "item": digest(change.item),
        "reason": digest(change.reason),
    }  # fmt: skip
