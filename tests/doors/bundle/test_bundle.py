"""Bundles: genuine ones install without a network; changed, expired, older and others' are refused, and nothing changes then."""

import hashlib
import json
import random
import re
import shutil
import subprocess
import sys
import zipfile
from datetime import UTC, datetime, timedelta
from importlib.metadata import distribution
from pathlib import Path

import pytest

from brightline.core.errors import BundleError
from brightline.doors.bundle import ceremony, wheels
from brightline.doors.bundle.archive import Archive, write_archive
from brightline.doors.bundle.create import Index, Order, create
from brightline.doors.bundle.difference import difference
from brightline.doors.bundle.install import install
from brightline.doors.bundle.trust import check_all, trust
from brightline.doors.cli.main import outcome
from brightline.governance.keys import make_key

ROOT = Path(__file__).parents[3]
PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"
YEAR = timedelta(days=365)
NOW = datetime.now(UTC).replace(microsecond=0)


def small_wheel(folder, version="0.1.0"):
    """A wheel that is called as we are and says its version: what installs is tested without our hundred dependencies."""
    info = f"brightline-{version}.dist-info"
    code = f"import sys\ndef run():\n    print('brightline, version {version}')\n"
    lines = {
        "brightline/__init__.py": code,
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: brightline\nVersion: {version}\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{info}/entry_points.txt": "[console_scripts]\nbrightline = brightline:run\n",
    }
    lines[f"{info}/RECORD"] = "".join(f"{name},,\n" for name in [*lines, f"{info}/RECORD"])
    file = folder / f"brightline-{version}-py3-none-any.whl"
    with zipfile.ZipFile(file, "w") as made:
        for name, text in lines.items():
            made.writestr(zipfile.ZipInfo(name), text)
    return file


class Smithy:
    """Keys of three people and of the release; makes bundles."""

    def __init__(self, place):
        self.place = place
        self.people = [make_key(place / f"{name}.key", kind="ed25519") for name in ("ann", "ben", "eve")]
        self.release = make_key(place / "release.key", kind="ed25519")
        self.thief = make_key(place / "thief.key", kind="ed25519")
        self.root = self.make_root()

    def make_root(self, before=None, release="release", signers=(0, 1)):
        keys = [self.place / f"{name}.pub" for name in ("ann", "ben", "eve")]
        old = self.place / "before.json"
        if before is not None:
            ceremony.write_root(before, old)
        made = ceremony.make_root(
            keys, 2, [self.place / f"{release}.pub"], NOW + YEAR, old if before is not None else None
        )
        for number in signers:
            ceremony.sign_root(made, self.people[number])
        return made

    def root_bytes(self):
        file = self.place / "root.json"
        ceremony.write_root(self.root, file)
        return file.read_bytes()

    def make(self, name, version=1, *, expires=NOW + YEAR, wheel="0.1.0", added=None, signer=None, **more):
        folder = self.place / wheel
        folder.mkdir(exist_ok=True)
        order = Order(
            index=Index(version=version, brightline=wheel, python=PYTHON, platform="", extras=()), wheels={"brightline": small_wheel(folder, wheel)},
            added=added or {}, expires=expires, **({"root": self.root} | more),
        )  # fmt: skip
        file = self.place / name
        create(order, signer or self.release, file)
        return file


@pytest.fixture(scope="module")
def smithy(tmp_path_factory):
    return Smithy(tmp_path_factory.mktemp("smithy"))


def looked_at(file, root, state):
    with Archive(file) as archive:
        found = trust(archive, root, state)
        check_all(archive, found)
    return found


def edited(file, to, change):
    """A copy of a bundle with other members."""
    with zipfile.ZipFile(file) as held:
        members = {name: held.read(name) for name in held.namelist()}
    change(members)
    write_archive(to, members)
    return to


def held_by(folder):
    """Everything that an installation consists of, but its environments."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and "venv" not in path.parts and not path.is_symlink()
    } | {"current": str((folder / "current").readlink())}


def says(folder):
    ran = subprocess.run([folder / "current" / "venv" / "bin" / "brightline"], capture_output=True, text=True, check=True)  # fmt: skip
    return ran.stdout.strip()


def test_a_genuine_bundle_installs_and_is_brought_forward(smithy, tmp_path):
    bank = tmp_path / "frauds.jsonl"
    bank.write_text("{}\n", encoding="utf-8")
    first = smithy.make("one.bundle", 1, added={"banks/frauds.jsonl": bank})
    folder = tmp_path / "here"
    install(first, folder, smithy.root_bytes())
    assert says(folder) == "brightline, version 0.1.0"
    assert (folder / "current" / "data" / "banks" / "frauds.jsonl").read_text("utf-8") == "{}\n"
    assert json.loads((folder / "current" / "sbom.cdx.json").read_bytes())["bomFormat"] == "CycloneDX"
    install(smithy.make("two.bundle", 2, wheel="0.2.0"), folder)
    assert says(folder) == "brightline, version 0.2.0"
    install(smithy.make("two.bundle", 2, wheel="0.2.0"), folder)  # again: nothing to do
    assert str((folder / "current").readlink()) == "releases/2"


def test_the_same_input_gives_the_same_bytes(smithy):
    one, two = smithy.make("a.bundle", 3), smithy.make("b.bundle", 3)
    assert one.read_bytes() == two.read_bytes()


def test_older_expired_and_foreign_bundles_are_refused_and_change_nothing(smithy, tmp_path):
    folder = tmp_path / "here"
    install(smithy.make("five.bundle", 5), folder, smithy.root_bytes())
    before = held_by(folder)
    wrong = {
        "older": smithy.make("four.bundle", 4, wheel="0.0.9"),
        "is expired": smithy.make("late.bundle", 6, expires=NOW - timedelta(seconds=5)),
        "not signed by": _foreign(smithy, tmp_path),
    }
    for words, file in wrong.items():
        with pytest.raises(BundleError, match=words):
            install(file, folder)
        assert held_by(folder) == before


def _foreign(smithy, tmp_path):
    """Signed by a key of its own root, with our root put into it."""
    other = Smithy(_new(tmp_path / "other"))
    file = other.make("foreign.bundle", 9, wheel="6.6.6")
    root = smithy.root_bytes()
    return edited(
        file, tmp_path / "foreign.bundle", lambda members: members.update({"metadata/1.root.json": root})
    )


def _new(folder):
    folder.mkdir()
    return folder


def test_who_has_the_release_key_alone_cannot_change_the_root(smithy, tmp_path):
    """A root that too few of the old root's people signed is not followed, nor is a bundle by its new release key."""
    folder = tmp_path / "here"
    install(smithy.make("seven.bundle", 7), folder, smithy.root_bytes())
    before = held_by(folder)
    stolen = smithy.make_root(smithy.root, "thief", signers=())
    ceremony.sign_root(stolen, smithy.people[0])
    with pytest.raises(BundleError, match="lacks 1 signatures"):
        smithy.make("stolen.bundle", 8, root=stolen, roots=(smithy.root,), signer=smithy.thief)
    good = smithy.make("eight.bundle", 8)
    forged = edited(good, tmp_path / "forged.bundle", lambda members: members.update({"metadata/2.root.json": stolen.to_bytes()}))  # fmt: skip
    with pytest.raises(BundleError, match="not signed by"):
        install(forged, folder)
    assert held_by(folder) == before


def test_a_root_that_enough_people_signed_replaces_the_release_key(smithy, tmp_path):
    folder = tmp_path / "here"
    install(smithy.make("ten.bundle", 10), folder, smithy.root_bytes())
    second = smithy.make_root(smithy.root, "thief", signers=(1, 2))
    install(smithy.make("eleven.bundle", 11, root=second, roots=(smithy.root,), signer=smithy.thief), folder)
    with pytest.raises(BundleError, match="not signed by"):
        install(smithy.make("twelve.bundle", 12), folder)  # by the key that was replaced


def test_every_member_of_a_bundle_is_held_by_a_signature(smithy, tmp_path):
    """Any member changed, cut, swapped or added is found; what Python would run is known by the digest of the whole file."""
    good = smithy.make("good.bundle", 1, added={"banks/a.jsonl": _file(tmp_path, b"one")})
    root = smithy.root_bytes()
    with zipfile.ZipFile(good) as held:
        names = [name for name in held.namelist() if name != "__main__.py"]
    found = looked_at(good, root, tmp_path / "state")
    changes, refused = [], 0
    for name in names:
        changes += [
            lambda members, name=name: members.update({name: members[name] + b" "}),
            lambda members, name=name: members.update({name: b"x" + members[name][1:]}),
            lambda members, name=name: members.update({name: b""}),
        ]
        if not name.startswith("targets/"):
            changes.append(lambda members, name=name: members.pop(name))
    changes += [lambda members: members.update({"targets/wheels/evil-1-py3-none-any.whl": b"x"})]
    changes += [
        lambda members: members.update({names[-1]: members[names[-2]], names[-2]: members[names[-1]]})
    ]
    for number, change in enumerate(changes):
        file = edited(good, tmp_path / f"{number}.bundle", change)
        try:
            seen = looked_at(file, root, tmp_path / f"state{number}")
        except BundleError:
            refused += 1
            continue
        assert (
            seen == found
        )  # white space, which no signature covers, and the first root, which is given from outside
    assert refused == len(changes) - 7  # three with white space, four of the root


def _file(folder, data):
    file = folder / "added"
    file.write_bytes(data)
    return file


def test_bytes_turned_at_random_never_pass_as_another_bundle(smithy, tmp_path):
    """Either it is refused, or what it installs is what was signed."""
    good = smithy.make("good.bundle", 1)
    data, root, turned = good.read_bytes(), smithy.root_bytes(), random.Random(7)
    with Archive(good) as archive:
        found = trust(archive, root, tmp_path / "state")
    for number in range(300):
        changed = bytearray(data)
        changed[turned.randrange(len(data))] ^= 1 << turned.randrange(8)
        file = tmp_path / "turned.bundle"
        file.write_bytes(changed)
        try:
            seen = looked_at(file, root, tmp_path / f"s{number}")
        except BundleError:
            continue
        assert seen == found
    for cut in (0, 1, 100, len(data) // 2, len(data) - 1):
        file.write_bytes(data[:cut])
        with pytest.raises(BundleError):
            looked_at(file, root, tmp_path / f"c{cut}")


def test_a_delta_installs_only_upon_what_it_left_out(smithy, tmp_path):
    bank, more = _file(tmp_path, b"one" * 1000), tmp_path / "more"
    more.write_bytes(b"two")
    first = smithy.make("d1.bundle", 1, added={"banks/a": bank})
    with Archive(first) as archive:
        known = trust(archive, smithy.root_bytes(), tmp_path / "s1")
    held = frozenset(one.hashes["sha256"] for one in known.targets.values())
    delta = smithy.make("d2.bundle", 2, added={"banks/a": bank, "banks/b": more}, leave_out=held)
    assert delta.stat().st_size < first.stat().st_size
    with pytest.raises(BundleError, match="install the one before it first"):
        install(delta, tmp_path / "empty", smithy.root_bytes())
    assert not (tmp_path / "empty" / "current").exists()
    folder = tmp_path / "here"
    install(first, folder, smithy.root_bytes())
    install(delta, folder)
    assert (folder / "current" / "data" / "banks" / "a").read_bytes() == b"one" * 1000
    assert (folder / "current" / "data" / "banks" / "b").read_bytes() == b"two"
    with Archive(delta) as archive:
        changes = difference(known, trust(archive, smithy.root_bytes(), tmp_path / "s2"))
    assert [(one.name, one.before, bool(one.after)) for one in changes] == [("data/banks/b", "", True)]


def test_a_release_that_does_not_start_is_not_made_current(smithy, tmp_path):
    folder = tmp_path / "here"
    install(smithy.make("w1.bundle", 1), folder, smithy.root_bytes())
    broken = smithy.place / "0.3.0"
    broken.mkdir(exist_ok=True)
    wheel = small_wheel(broken, "0.3.0")
    index = Index(version=2, brightline="0.4.0", python=PYTHON, platform="", extras=())
    order = Order(index=index, wheels={"brightline": wheel}, added={}, expires=NOW + YEAR, root=smithy.root)
    create(order, smithy.release, tmp_path / "broken.bundle")
    before = held_by(folder) | {}
    with pytest.raises(BundleError, match="does not start"):
        install(tmp_path / "broken.bundle", folder)
    assert str((folder / "current").readlink()) == before["current"]
    assert (folder / "trust" / "timestamp.json").read_bytes() == before["trust/timestamp.json"]
    install(smithy.make("w3.bundle", 3, wheel="0.5.0"), folder)
    assert says(folder).endswith("0.5.0")


@pytest.mark.parametrize("place", ["../outside", "/etc/outside", "venv/bin/python"])
def test_no_target_is_written_outside_its_release(smithy, tmp_path, place):
    """Even one that was signed."""
    order = Order(
        index=Index(version=1, brightline="0.1.0", python=PYTHON, platform="", extras=()), wheels={}, added={f"../{place}": _file(tmp_path, b"x")},
        expires=NOW + YEAR, root=smithy.root,
    )  # fmt: skip
    create(order, smithy.release, tmp_path / "up.bundle")
    with pytest.raises(BundleError, match="outside its release"):
        install(tmp_path / "up.bundle", tmp_path / "deep" / "here", smithy.root_bytes())
    assert not (tmp_path / "outside").exists()


def test_a_bundle_for_another_python_or_machine_is_refused(smithy, tmp_path):
    for python, platform in (("2.7", ""), (PYTHON, "manylinux_2_28_riscv64")):
        index = Index(version=1, brightline="0.1.0", python=python, platform=platform, extras=())
        order = Order(index=index, wheels={}, added={}, expires=NOW + YEAR, root=smithy.root)
        create(order, smithy.release, tmp_path / "odd.bundle")
        with pytest.raises(BundleError, match="the bundle is for"):
            install(tmp_path / "odd.bundle", tmp_path / "here", smithy.root_bytes())


def test_platforms_and_pins():
    assert wheels.platforms("manylinux_2_28_aarch64")[:2] == [
        "manylinux_2_28_aarch64",
        "manylinux_2_27_aarch64",
    ]
    assert "manylinux2014_aarch64" in wheels.platforms("manylinux_2_28_aarch64")
    for wrong in ("linux", "manylinux_2_x_x86_64", "manylinux_2_28_x86_64; rm -rf /", "--index-url=http://x"):
        with pytest.raises(BundleError, match="no platform"):
            wheels.platforms(wrong)
    pins = wheels.pinned(())
    assert {"brightline", "cryptography", "onnxruntime", "pip", "tuf"} <= pins.keys()
    assert "psycopg" not in pins
    assert "psycopg" in wheels.pinned(("postgres",))
    with pytest.raises(BundleError, match="no extra"):
        wheels.pinned(("nothing",))


def test_the_first_installer_needs_what_it_says_and_no_more():
    """The distributions that `boot.py` installs first are enough to import the command."""
    from brightline.doors.bundle import boot

    code = (
        "import sys, importlib.metadata as m\n"
        "first, of = set(sys.argv[1:]), m.packages_distributions()\n"
        "class Others:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        whose = {one.lower().replace('_', '-') for one in of.get(name.partition('.')[0], ())}\n"
        "        if whose and not whose & first:\n"
        "            raise ModuleNotFoundError(name, name=name)\n"
        "sys.meta_path.insert(0, Others())\n"
        "import brightline.doors.cli.main, brightline.doors.cli.bundle\n"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code, *boot.FIRST], capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stderr


def test_the_ceremony_by_commands(tmp_path, capsys):
    for name in ("ann", "ben", "release"):
        make_key(tmp_path / f"{name}.key", kind="ed25519")
    root = tmp_path / "root.json"
    words = [
        "bundle",
        "root",
        "--key",
        f"{tmp_path}/ann.pub",
        "--key",
        f"{tmp_path}/ben.pub",
        "--threshold",
        "2",
    ]
    assert outcome([*words, "--release-key", f"{tmp_path}/release.pub", "--output", str(root)]) == 0
    assert outcome(["bundle", "sign", str(root), "--key", f"{tmp_path}/ann.key"]) == 0
    assert "1 signatures missing" in capsys.readouterr().out
    assert outcome(["bundle", "sign", str(root), "--key", f"{tmp_path}/ben.key"]) == 0
    assert "signed by enough" in capsys.readouterr().out
    for wrong in (["bundle", "verify", str(root)], ["bundle", "verify", f"{tmp_path}/none.bundle", "--root", str(root)],
                  ["bundle", "install", str(root), "--into", f"{tmp_path}/x"], [*words[:-1], "9", "--release-key", f"{tmp_path}/release.pub", "--output", f"{tmp_path}/r2"]):  # fmt: skip
        assert outcome(wrong) == 2
        said = capsys.readouterr().err
        assert said.count("\n") == 1, said


def repacked(name, folder):
    """The wheel of an installed distribution, made of its files; ours, which is installed as a link, of its source."""
    held = distribution(name)
    info = f"{re.sub('[-_.]+', '_', name)}-{held.version}"
    tags = [one.split("-") for one in re.findall(r"^Tag: (\S+)", held.read_text("WHEEL"), re.MULTILINE)]
    tag = "-".join(".".join(sorted({one[place] for one in tags})) for place in range(3))
    if name == "brightline":
        pairs = [
            (path, str(path.relative_to(ROOT / "src")))
            for path in (ROOT / "src" / "brightline").rglob("*")
            if path.is_file()
        ]
        pairs += [(held.locate_file(one), str(one)) for one in held.files if ".dist-info" in str(one)]
        tag = "py3-none-any"
    else:
        pairs = [(held.locate_file(one), str(one)) for one in held.files]
    file = folder / f"{info}-{tag}.whl"
    pairs = [
        (path, inside)
        for path, inside in pairs
        if "__pycache__" not in inside and not inside.startswith("..") and Path(path).is_file()
    ]
    base = next(inside.partition("/")[0] for _, inside in pairs if inside.endswith(".dist-info/METADATA"))
    with zipfile.ZipFile(file, "w") as made:
        for path, inside in sorted(pairs, key=lambda pair: pair[1]):
            if not inside.endswith(("/RECORD", "/direct_url.json", "/INSTALLER", "/REQUESTED")):
                made.write(path, inside)
        made.writestr(f"{base}/RECORD", "".join(f"{inside},,\n" for _, inside in pairs))
    return file


def whole_bundle(place):
    """A bundle of this environment, made by the command."""
    folder = place / "wheels"
    folder.mkdir()
    for name in wheels.pinned(()):
        repacked(name, folder)
    for name in ("root", "release"):
        make_key(place / f"{name}.key", kind="ed25519")
    root, bundle = str(place / "root.json"), place / "whole.bundle"
    for words in (
        ["root", "--key", f"{place}/root.pub", "--release-key", f"{place}/release.pub", "--output", root],
        ["sign", root, "--key", f"{place}/root.key"],
        [
            "create",
            "--root",
            root,
            "--key",
            f"{place}/release.key",
            "--release",
            "1",
            "--wheels",
            str(folder),
            "--offline",
            "--output",
            str(bundle),
        ],
        ["verify", str(bundle), "--root", root],
    ):
        assert outcome(["bundle", *words]) == 0, words
    shutil.rmtree(folder)
    return bundle


def namespace():
    """Words that run a program where there is only loopback, if this kernel lets us."""
    words = ["unshare", "--user", "--map-root-user", "--net"]
    if (
        shutil.which("unshare") is None
        or subprocess.run([*words, "true"], capture_output=True, check=False).returncode
    ):
        return None
    return words


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_the_whole_of_brightline_installs_where_no_network_is(tmp_path):
    """From wheels of this very checkout and environment to a judged demo, in a namespace without a network."""
    alone = namespace()
    if alone is None:
        pytest.skip("this kernel gives no network namespace to plain users")
    built = whole_bundle(tmp_path)
    digest = hashlib.sha256(built.read_bytes()).hexdigest()
    folder = tmp_path / "here"
    wrong = subprocess.run([*alone, sys.executable, built, "--into", folder, "--sha256", "0" * 64], capture_output=True, text=True, check=False)  # fmt: skip
    assert wrong.returncode == 2
    assert not folder.exists()
    clean = {"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), "LANG": "C.UTF-8"}
    ran = subprocess.run([*alone, sys.executable, built, "--into", folder, "--sha256", digest], env=clean, capture_output=True, text=True, check=False)  # fmt: skip
    assert ran.returncode == 0, ran.stdout + ran.stderr
    program = folder / "current" / "venv" / "bin" / "brightline"
    example = next(path for path in sorted((ROOT / "examples").rglob("*")) if path.suffix == ".eml")
    judged = subprocess.run([*alone, program, "scan", example, "--home", tmp_path / "home"], env=clean, capture_output=True, text=True, check=False)  # fmt: skip
    assert judged.returncode in {0, 1}, judged.stdout + judged.stderr
    verified = subprocess.run([*alone, program, "ledger", "verify", "--home", tmp_path / "home"], env=clean, capture_output=True, text=True, check=False)  # fmt: skip
    assert verified.returncode == 0, verified.stdout + verified.stderr
