"""Go's own `sumdb/note` and `sumdb/tlog`, which we did not write, verify what we write."""

import base64
import json
import os
import shutil
import subprocess
import time
from pathlib import Path

import go
import pytest
from ledger_parts import job_key, make_items, open_ledger

from brightline.ledger import merkle
from brightline.ledger.export import export
from brightline.ledger.keys import new_key, vkey
from brightline.ledger.ledger import Ledger
from brightline.ledger.note import Algorithm, cosign, parse_note
from brightline.ledger.proof import parse_proof

GO_ROOT = Path(go.__file__).parent
VENDORED = GO_ROOT / "src/cmd/vendor/golang.org/x/mod"  # the copy that Go's own command is built from
DEBIAN = Path("/usr/share/gocode/src/golang.org/x/mod")  # golang-golang-x-mod-dev
WITNESS = new_key("witness.example.com/w1", Algorithm.COSIGNATURE)
SIZES = (1, 2, 255, 256, 257, 513, 70_000)


@pytest.fixture(scope="module")
def verifier(tmp_path_factory: pytest.TempPathFactory, pytestconfig: pytest.Config) -> Path:
    """Our small Go program, built from Go's own packages without a network."""
    source = next(place for place in (VENDORED, DEBIAN) if (place / "sumdb/tlog").is_dir())
    folder = tmp_path_factory.mktemp("go")
    for package in ("note", "tlog"):
        shutil.copytree(source / "sumdb" / package, folder / "mod/sumdb" / package)
    (folder / "mod/go.mod").write_text("module golang.org/x/mod\n\ngo 1.23\n")
    (folder / "go.mod").write_text(
        "module brightline.test/verify\n\ngo 1.23\n\nrequire golang.org/x/mod v0.0.0\n\nreplace golang.org/x/mod => ./mod\n"
    )
    shutil.copy(Path(__file__).parent / "go/verify.go", folder / "verify.go")
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "GOROOT": str(GO_ROOT),
        "GOCACHE": str(pytestconfig.cache.mkdir("go-build")) if pytestconfig.cache else str(folder / "cache"),
        "GOFLAGS": "-mod=mod",
        "GOPROXY": "off",
        "GOTOOLCHAIN": "local",
        "CGO_ENABLED": "0",
    }
    subprocess.run(
        [GO_ROOT / "bin/go", "build", "-o", "verify", "."],
        cwd=folder,
        env=environment,
        check=True,
        timeout=240,
    )
    return folder / "verify"


def cosigned(ledger: Ledger) -> None:
    text = parse_note(ledger.checkpoint()).text
    line = cosign(text, WITNESS, int(time.time()))
    assert ledger.add_cosignatures(str(line), [vkey(WITNESS)]) == 1


def proofs_of(ledger: Ledger) -> str:
    def encode(values: list[bytes]) -> list[str]:
        return [base64.b64encode(value).decode() for value in values]

    size = ledger.size
    places = sorted({0, size // 3, size // 2, max(size - 2, 0), size - 1})
    inclusion = []
    for place in places:
        proof = parse_proof(ledger.prove(place))
        leaf = encode([merkle.leaf_hash(proof.entry)])[0]
        inclusion.append({"index": place, "leaf": leaf, "hashes": encode(list(proof.hashes))})
    consistency = [
        {"size": old, "root": encode([ledger.root(old)])[0], "hashes": encode(ledger.consistency(old))}
        for old in sorted({1, max(1, size // 2), max(1, size - 1), size})
    ]
    return json.dumps({"inclusion": inclusion, "consistency": consistency})


def run(verifier: Path, folder: Path, ledger: Ledger, proofs: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [verifier, folder, ledger.vkey, vkey(WITNESS)],
        input=proofs,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_go_verifies_our_checkpoints_tiles_entries_and_proofs_at_every_size(
    verifier: Path, tmp_path: Path
) -> None:
    with open_ledger(tmp_path) as ledger:
        for size in SIZES:
            start = ledger.size
            ledger.record(make_items(start, size), [job_key(number) for number in range(start, size)])
            cosigned(ledger)
            export(ledger, tmp_path / "log")
            done = run(verifier, tmp_path / "log", ledger, proofs_of(ledger))
            assert done.stdout == f"go verified {ledger.origin} of size {size}\n", done.stderr


def test_go_sees_one_flipped_byte_and_a_forged_proof(verifier: Path, tmp_path: Path) -> None:
    with open_ledger(tmp_path) as ledger:
        ledger.record(make_items(0, 300))
        cosigned(ledger)
        export(ledger, tmp_path / "log")
        proofs = proofs_of(ledger)
        assert run(verifier, tmp_path / "log", ledger, proofs).returncode == 0
        forged = json.loads(proofs)
        forged["inclusion"][0]["index"] += 1
        assert run(verifier, tmp_path / "log", ledger, json.dumps(forged)).returncode == 1
        for name in ("tile/0/000", "tile/0/001.p/44", "tile/1/000.p/1", "tile/entries/000", "checkpoint"):
            path = tmp_path / "log" / name
            good = path.read_bytes()
            path.write_bytes(good[:20] + bytes([good[20] ^ 1]) + good[21:])
            assert run(verifier, tmp_path / "log", ledger, proofs).returncode == 1, name
            path.write_bytes(good)
