"""What every ledger keeps to, on SQLite and on PostgreSQL alike."""

import hashlib
import threading
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from ledger_parts import (
    ORIGIN,
    POLICY,
    POLICY_DATA,
    decide,
    job_key,
    make_examination,
    make_item,
    make_items,
    open_ledger,
)

from brightline.core.errors import LedgerError, VerificationError
from brightline.core.wire import digest
from brightline.ledger import merkle
from brightline.ledger.audit import verify_store
from brightline.ledger.keys import new_key, vkey
from brightline.ledger.ledger import Ledger
from brightline.ledger.note import (
    Algorithm,
    cosign,
    open_checkpoint,
    parse_note,
    parse_vkey,
    timestamp_of,
)
from brightline.ledger.proof import parse_proof, verify_proof
from brightline.ledger.replay import replay

WITNESSES = [new_key(f"witness.example.com/{name}", Algorithm.COSIGNATURE) for name in ("one", "two")]


def test_an_empty_ledger_has_a_signed_head_and_nothing_in_it(ledger: Ledger) -> None:
    assert ledger.size == 0
    head = open_checkpoint(ledger.checkpoint(), parse_vkey(ledger.vkey))
    assert (head.size, head.root) == (0, merkle.EMPTY_ROOT) == (0, ledger.root(0))
    assert ledger.record([]) == []
    assert list(ledger.entries()) == []
    assert ledger.known([job_key(1)]) == {}
    assert verify_store(ledger).faults == ()


def test_what_is_recorded_is_read_back_the_same(ledger: Ledger) -> None:
    items = make_items(0, 600)
    receipts = ledger.record(items[:3]) + ledger.record(items[3:])
    assert [receipt.index for receipt in receipts] == list(range(600))
    assert {receipt.size for receipt in receipts} == {3, 600}
    back = list(ledger.entries())
    assert [(one.examination, one.decision) for one in back] == items
    assert [one.index for one in ledger.entries(250, 520)] == list(range(250, 520))
    assert [merkle.leaf_hash(parse_proof(ledger.prove(at)).entry).hex() for at in (0, 599)] == [
        receipts[0].leaf,
        receipts[599].leaf,
    ]


def test_an_entry_holds_digests_and_the_decision_but_no_words_of_the_examination(ledger: Ledger) -> None:
    examination = make_examination(1, "SECRET WORDS")
    ledger.record([(examination, decide(examination))])
    data = parse_proof(ledger.prove(0)).entry
    assert b"SECRET" not in data
    for part in (examination.facts.digest, digest(examination), POLICY, examination.detectors):
        assert part.encode() in data
    entry = ledger.entry(0)
    assert (entry.version, entry.kind, entry.size_bytes) == (1, "text", 1)
    assert entry.time.endswith("Z")


def test_receipts_name_the_checkpoint_that_first_covered_the_entry(ledger: Ledger) -> None:
    first = ledger.record(make_items(0, 5))
    ledger.record(make_items(5, 300))
    assert ledger.receipt(2) == first[2]
    assert ledger.root(5).hex() == first[2].root
    assert (first[2].origin, first[2].size) == (ORIGIN, 5)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(sizes=st.lists(st.integers(1, 400), min_size=1, max_size=5))
def test_every_batching_gives_a_tree_whose_proofs_hold(ledger: Ledger, sizes: list[int]) -> None:
    start = ledger.size
    for size in sizes:
        at = ledger.size
        ledger.record(make_items(at, at + size))
    head = open_checkpoint(ledger.checkpoint(), parse_vkey(ledger.vkey))
    assert head.size == start + sum(sizes)
    for index in {start, head.size // 2, head.size - 1}:
        assert verify_proof(parse_proof(ledger.prove(index)), parse_vkey(ledger.vkey)) == head
    for old in {0, 1, start, head.size // 3, head.size}:
        proof = ledger.consistency(old)
        merkle.verify_consistency(old, ledger.root(old), head.size, head.root, proof)


def test_an_older_checkpoint_can_still_be_proved_against(ledger: Ledger) -> None:
    ledger.record(make_items(0, 10))
    ledger.record(make_items(10, 20))
    proof = parse_proof(ledger.prove(3, size=10))
    assert verify_proof(proof, parse_vkey(ledger.vkey)).size == 10
    merkle.verify_consistency(4, ledger.root(4), 10, ledger.root(10), ledger.consistency(4, 10))
    with pytest.raises(LedgerError, match="no checkpoint of size 7"):
        ledger.prove(3, size=7)
    with pytest.raises(LedgerError, match="no entry 15 in a tree of 10"):
        ledger.prove(15, size=10)
    with pytest.raises(LedgerError, match="no entry 99"):
        ledger.prove(99)
    with pytest.raises(LedgerError, match="no tree of 21"):
        ledger.consistency(21)
    with pytest.raises(LedgerError, match="no tree of 30"):
        ledger.consistency(3, 30)


def test_a_job_key_is_recorded_once_whoever_comes_second(ledger: Ledger) -> None:
    keys = [job_key(number) for number in range(4)]
    first = ledger.record(make_items(0, 4), keys)
    again = ledger.record([*make_items(10, 14), make_item(20)], [*keys[:2], "", keys[2], job_key(9)])
    assert [one.index for one in again] == [0, 1, 4, 2, 5]
    assert again[0] == first[0]
    twice = ledger.record(make_items(30, 32), [job_key(77), job_key(77)])
    assert [one.index for one in twice] == [6, 6]
    assert ledger.size == 7
    assert ledger.record(make_items(0, 2), keys[:2]) == first[:2]
    assert verify_store(ledger).faults == ()


def test_known_gives_what_was_recorded_so_that_a_scan_resumes(ledger: Ledger) -> None:
    items = make_items(0, 700)
    receipts = ledger.record(items, [job_key(number) for number in range(700)])
    known = ledger.known([job_key(number) for number in range(650, 1300)])
    assert set(known) == {job_key(number) for number in range(650, 700)}
    assert known[job_key(660)].receipt == receipts[660]
    assert known[job_key(660)].decision == items[660][1]
    assert ledger.known(["not a key"]) == {}


def test_find_takes_an_index_a_leaf_or_a_subject(ledger: Ledger) -> None:
    ledger.record(make_items(0, 50))
    [receipt] = ledger.record([make_item(7, "again")])
    subject = make_examination(7).facts.digest
    assert ledger.find(receipt.leaf) == [50]
    assert ledger.find(receipt.leaf[:8].upper()) == [50]
    assert ledger.find(subject) == ledger.find(subject[:20]) == [7, 50]
    assert ledger.find(subject[:63] + ("0" if subject[63] != "0" else "1")) == []
    assert (ledger.find("#50"), ledger.find("#51")) == ([50], [])
    for text in ("", "abc", "#", "#x", "zz" * 8, "a" * 65):
        with pytest.raises(LedgerError, match="expected an index such as `12`, or 8 to 64 hex digits"):
            ledger.find(text)


def test_evidence_is_found_by_digest(ledger: Ledger) -> None:
    ledger.record(make_items(0, 300))
    examination = make_examination(280)
    assert ledger.examination(digest(examination)) == examination
    for absent in ("0" * 64, "no digest", digest(examination)[:20] + "0" * 44):
        with pytest.raises(LedgerError, match="no examination"):
            ledger.examination(absent)
    ledger.save_policy(POLICY, POLICY_DATA)
    ledger.save_policy(POLICY, POLICY_DATA)
    assert ledger.policy(POLICY) == POLICY_DATA
    with pytest.raises(LedgerError, match="is not the SHA-256"):
        ledger.save_policy(POLICY, b"other")
    for absent in ("0" * 64, "no digest"):
        with pytest.raises(LedgerError, match="save it before"):
            ledger.policy(absent)


def test_a_decision_too_long_for_an_entry_is_kept_whole_beside_it(ledger: Ledger) -> None:
    items = [make_item(1, rules=400), make_item(2)]
    ledger.record(items)
    entry = ledger.entry(0)
    assert entry.whole == digest(items[0][1])
    assert entry.decision.matches == ()
    assert entry.decision.action == items[0][1].action
    assert [ledger.decision(0), ledger.decision(1)] == [items[0][1], items[1][1]]
    assert next(ledger.entries()).decision == items[0][1]
    assert verify_store(ledger).faults == ()


def test_large_examinations_are_spread_over_rows(ledger: Ledger) -> None:
    items = [make_item(number, "x" * 1_500_000) for number in range(4)] + [make_item(9, "y" * 9_000_000)]
    ledger.record(items)
    assert [one.examination for one in ledger.entries()] == [examination for examination, _ in items]
    assert verify_store(ledger).faults == ()


def test_a_decision_about_something_else_is_refused_and_nothing_is_written(ledger: Ledger) -> None:
    examination, decision = make_item(1)
    for wrong in (
        msgspec.structs.replace(decision, examination="0" * 64),
        msgspec.structs.replace(decision, subject="0" * 64),
        msgspec.structs.replace(decision, detectors="0" * 64),
        msgspec.structs.replace(decision, policy="none"),
    ):
        with pytest.raises(LedgerError):
            ledger.record([make_item(5), (examination, wrong)])
    with pytest.raises(LedgerError, match="job key"):
        ledger.record([make_item(5)], ["short"])
    with pytest.raises(LedgerError, match="1 keys for 2 decisions"):
        ledger.record(make_items(0, 2), [job_key(1)])
    assert ledger.size == 0


def test_replay_gives_the_same_bytes_or_names_what_differs(ledger: Ledger) -> None:
    ledger.record([make_item(1), make_item(2)])
    with pytest.raises(LedgerError, match="no policy"):
        replay(ledger, 0, lambda _: decide)
    ledger.save_policy(POLICY, POLICY_DATA)
    same = replay(ledger, 1, lambda data: decide if data == POLICY_DATA else lambda _: make_item(1)[1])
    assert same.same
    assert same.differences == ()
    changed = replay(ledger, 0, lambda _: lambda examination: decide(examination, rules=2))
    assert not changed.same
    assert changed.differences == (f"matches[1]: nothing -> {changed.differences[0].split('-> ')[1]!s}",)
    softer = replay(ledger, 0, lambda _: lambda one: msgspec.structs.replace(decide(one), gaps=3))
    assert softer.differences == ("gaps: 0 -> 3",)


def test_two_ledgers_on_one_store_take_turns_and_never_fork(
    ledger: Ledger, reopen: Callable[[], Ledger]
) -> None:
    with reopen() as other:
        for number in range(6):
            (ledger if number % 2 else other).record(make_items(number * 100, number * 100 + 100))
        assert ledger.checkpoint() == other.checkpoint()
    assert ledger.size == 600
    assert verify_store(ledger).faults == ()


def test_threads_append_at_once_and_every_receipt_holds(ledger: Ledger) -> None:
    receipts = []

    def work(number: int) -> None:
        for step in range(5):
            receipts.extend(ledger.record(make_items(number * 1000 + step * 7, number * 1000 + step * 7 + 7)))

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(receipt.index for receipt in receipts) == list(range(140))
    assert all(ledger.receipt(receipt.index) == receipt for receipt in receipts)
    assert verify_store(ledger).faults == ()


def test_cosignatures_of_known_witnesses_are_kept_and_shown(ledger: Ledger) -> None:
    ledger.record(make_items(0, 3))
    note = ledger.checkpoint()
    body = parse_note(note).text
    lines = [cosign(body, key, 1_700_000_000 + at) for at, key in enumerate(WITNESSES)]
    names = [vkey(key) for key in WITNESSES]
    assert ledger.add_cosignatures(note + str(lines[0]), names) == 1
    assert ledger.add_cosignatures(str(lines[0]) + str(lines[1]), names) == 1
    ledger.record(make_items(3, 5))
    assert ledger.add_cosignatures(str(lines[1]), names, size=3) == 0
    whole = ledger.checkpoint(3)
    assert open_checkpoint(whole, parse_vkey(ledger.vkey), [key.verifier for key in WITNESSES]).size == 3
    assert timestamp_of(parse_note(whole).signatures[1]) in {1_700_000_000, 1_700_000_001}
    proof = parse_proof(ledger.prove(1, size=3))
    assert verify_proof(proof, parse_vkey(ledger.vkey), [WITNESSES[0].verifier]).size == 3
    with pytest.raises(VerificationError, match="not signed by"):
        verify_proof(parse_proof(ledger.prove(1)), parse_vkey(ledger.vkey), [WITNESSES[0].verifier])
    assert verify_store(ledger).faults == ()


def test_cosignatures_that_say_nothing_good_are_refused(ledger: Ledger, tmp_path: Path) -> None:
    ledger.record(make_items(0, 3))
    note = ledger.checkpoint()
    body = parse_note(note).text
    stranger = new_key("stranger.example.com", Algorithm.COSIGNATURE)
    names = [vkey(key) for key in WITNESSES]
    with pytest.raises(LedgerError, match="none of the witnesses"):
        ledger.add_cosignatures(str(cosign(body, stranger, 1)), names)
    with pytest.raises(VerificationError, match="does not hold"):
        ledger.add_cosignatures(str(cosign(body + "x", WITNESSES[0], 1)), names)
    with pytest.raises(LedgerError, match="no witness key"):
        ledger.add_cosignatures(str(cosign(body, WITNESSES[0], 1)), [ledger.vkey])
    with pytest.raises(LedgerError, match="no checkpoint of size 2"):
        ledger.add_cosignatures(str(cosign(body, WITNESSES[0], 1)), names, size=2)
    (tmp_path / "other").mkdir()
    with open_ledger(tmp_path / "other") as other:
        other.record(make_items(0, 3))
        foreign = other.checkpoint()
    with pytest.raises(VerificationError, match="not signed by"):
        ledger.add_cosignatures(foreign, names)
    assert ledger.checkpoint() == note


def test_the_head_changes_with_every_byte_of_every_entry(ledger: Ledger) -> None:
    roots = set()
    for number in range(20):
        ledger.record([make_item(number % 3, str(number))])
        roots.add(ledger.head().root)
    assert len(roots) == 20
    assert hashlib.sha256(b"").digest() not in roots
