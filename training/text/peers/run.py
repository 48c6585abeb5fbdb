"""Peers beside us, on the same texts in the same run: `run.py --texts FOLDER --work FOLDER --uv UV --out measured.json`.

`--texts` holds what the lanes' `measure.py` left: texts with our scores, each by a model that saw nothing of its source.
Every peer lives in an environment of its own under `--work`; one that cannot be had is left out and the reason is kept.
"""

import argparse
import json
import os
import random
import re
import subprocess  # noqa: TID251 - a recipe runs others
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from measures import SEED, Results, ranks, share

from brightline.core.subject import Context, Kind, Subject
from brightline.detectors.message import links

HERE = Path(__file__).parent
NEWEST = "2026-11-23"  # what a peer needs is taken as it was on this day
# Peer, exact version, and the files of texts that it is asked about.
WHEELS = {
    "lmscan": ("lmscan==0.6.1", ("ai_en", "ai_zh")),
    "is-it-slop": ("is-it-slop==0.6.3", ("ai_en", "ai_zh")),
    "lurescope": ("lurescope==0.11.0", ("fraud_en",)),
    "fraudurl": ("fraudurl==1.0.1", ("links",)),
}
TITLES = {
    "ai_en": "AI-written, English", "ai_zh": "AI-written, Chinese", "fraud_en": "fraud, English", "links": "links",
}  # fmt: skip
SHIM = """#include <stdlib.h>
long __isoc23_strtol(const char *t, char **e, int b) { return strtol(t, e, b); }
long long __isoc23_strtoll(const char *t, char **e, int b) { return strtoll(t, e, b); }
unsigned long long __isoc23_strtoull(const char *t, char **e, int b) { return strtoull(t, e, b); }
"""  # the wheel of is-it-slop wants glibc 2.38; these are the functions that older ones name otherwise
GTUBE = "XJS*C4JDBQADN1.NSBN3*2IDNEN*GTUBE-STANDARD-ANTI-UBE-TEST-EMAIL*C.34X"
LINK = re.compile(r"https?://[^\s<>\"'\])}]{4,300}")
LINKS_MOST = 1000  # of each list
MINUTES = 10  # that one peer may take on one file


@dataclass
class Peer:
    """A peer that runs: how it is called, with what beside the usual environment, on which files."""

    name: str
    command: list[str]
    files: tuple[str, ...]
    beside: dict[str, str]


class CannotRunError(Exception):
    """Why a peer is left out."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("texts", "work", "uv", "out"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    told = parser.parse_args()
    told.work.mkdir(parents=True, exist_ok=True)
    write_links(told.texts)
    answers: dict[str, dict[str, list[dict]]] = {name: {} for name in TITLES}
    left_out = []
    makers = [lambda work, name=name: wheel(work, name, told.uv.resolve()) for name in WHEELS]
    for name, make in zip([*WHEELS, "SpamAssassin"], [*makers, spamassassin], strict=True):
        try:
            peer = make(told.work.resolve())
            for file in peer.files:
                answers[file][name] = asked(peer, told.texts / f"{file}.jsonl")
        except (CannotRunError, OSError, subprocess.SubprocessError, ValueError) as error:
            left_out.append([name, " ".join(str(error).split())[:200]])
    results = Results()
    for file in ("ai_en", "ai_zh", "fraud_en"):
        compared(results, file, lines(told.texts / f"{file}.jsonl"), answers[file])
    compared_links(results, lines(told.texts / "links.jsonl"), answers["links"])
    results.add("peers-left-out", "Peers that did not run", [["peer", "text"], ["reason", "text"]], left_out)
    results.write(told.out)


def lines(file: Path) -> list[dict]:
    return [json.loads(line) for line in file.read_text("utf-8").splitlines()]


def ran(command: list[str], **more) -> str:
    """Output of a command.

    Raises:
        CannotRunError: it failed; with the last line that it said.
    """
    done = subprocess.run(command, capture_output=True, text=True, timeout=60 * MINUTES, check=False, **more)
    if done.returncode:
        raise CannotRunError((done.stderr.strip() or done.stdout.strip() or "failed").splitlines()[-1])
    return done.stdout


def wheel(work: Path, name: str, uv: Path) -> Peer:
    """An environment with one peer from PyPI."""
    home = work / name
    package, files = WHEELS[name]
    if not (home / "ready").exists():
        ran([str(uv), "venv", "--quiet", "--clear", "--python", "3.11", str(home)])
        ran(
            [
                str(uv),
                "pip",
                "install",
                "--quiet",
                "--exclude-newer",
                NEWEST,
                "--only-binary",
                ":all:",
                "--python",
                str(home),
                package,
            ]
        )
        (home / "ready").touch()
    beside = {}
    python = str(home / "bin/python")
    if (
        name == "is-it-slop"
        and subprocess.run([python, "-c", "import is_it_slop"], capture_output=True, check=False).returncode
    ):
        (home / "shim.c").write_text(SHIM)
        ran(["cc", "-shared", "-fPIC", "-o", str(home / "shim.so"), str(home / "shim.c")])
        beside = {"LD_PRELOAD": str(home / "shim.so")}
    return Peer(name, [python, str(HERE / "judges.py"), name], files, beside)


def spamassassin(work: Path) -> Peer:
    """Debian's package and the Perl modules it needs, unpacked into a folder; nothing is installed."""
    home = work / "spamassassin"
    if not (home / "ready").exists():
        (home / "packages").mkdir(parents=True, exist_ok=True)
        (home / "root/state").mkdir(parents=True, exist_ok=True)
        needs = ran(["apt-cache", "depends", "--recurse", "--important", "spamassassin"])
        modules = sorted(set(re.findall(r"^lib\S+-perl$", needs, re.MULTILINE)))
        # Modules that Perl itself carries are no packages of their own: only those that can be had are asked for.
        shown = subprocess.run(
            ["apt-cache", "show", "--no-all-versions", *modules], capture_output=True, text=True, check=False
        ).stdout
        had = sorted(set(re.findall(r"^Package: (\S+)$", shown, re.MULTILINE)))
        ran(["apt-get", "download", "-qq", "spamassassin", *had], cwd=home / "packages")
        for package in sorted((home / "packages").glob("*.deb")):
            ran(["dpkg-deb", "-x", str(package), str(home / "root")])
        (home / "ready").touch()
    peer = Peer(
        "SpamAssassin", ["perl", str(HERE / "spamassassin.pl"), str(home / "root")], ("fraud_en",), {}
    )
    said = json.loads(ran(peer.command, input=json.dumps({"text": GTUBE}) + "\n"))
    if not said["flagged"]:
        raise CannotRunError("its own test message is not flagged")
    return peer


def asked(peer: Peer, file: Path) -> list[dict]:
    """What a peer says of each text of a file."""
    only_text = "".join(json.dumps({"text": row["text"]}) + "\n" for row in lines(file))
    # One thread, and no network even for a peer that would use one.
    usual = {name: value for name, value in os.environ.items() if name in {"PATH", "HOME", "LANG"}}
    said = ran(
        peer.command, input=only_text, env=usual | {"OMP_NUM_THREADS": "1", "PYTHONUTF8": "1"} | peer.beside
    )
    found = [json.loads(line) for line in said.splitlines()]
    if len(found) != len(lines(file)):
        raise CannotRunError(f"answered {len(found)} of {len(lines(file))} texts")
    return found


def compared(results: Results, file: str, rows: list[dict], answers: dict[str, list[dict]]) -> None:
    """One row for each source and judge: same texts, same measures."""
    truth = np.array([row["truth"] for row in rows])
    source = np.array([row["source"] for row in rows])
    ours = (
        np.array([row["score"] for row in rows]),
        np.array([row["probability"] >= row["threshold"] for row in rows]),
    )
    judged = {"Brightline, source unseen": ours}
    for name, said in answers.items():
        judged[name] = np.array([one["score"] for one in said]), np.array([one["flagged"] for one in said])
    table = []
    for one in sorted(set(source)):
        of = source == one
        for name, (score, flagged) in judged.items():
            own = [share(flagged[of & (truth == label)]) for label in (0, 1)]
            table.append(
                [
                    one,
                    name,
                    int((of & (truth == 0)).sum()),
                    int((of & (truth == 1)).sum()),
                    *ranks(truth[of], score[of]),
                    *own,
                ]
            )
    results.add(
        f"peers-{file}", f"Side by side: {TITLES[file]}",
        [["texts", "text"], ["judge", "text"], ["honest", "count"], ["sought", "count"], ["AUROC", "number"], ["caught at 1 %", "share"],
         ["honest flagged at its own threshold", "share"], ["caught at its own threshold", "share"]],
        table,
    )  # fmt: skip


def write_links(folder: Path) -> None:
    """Links without labels: the first link of each mail, and the home pages of Debian's packages."""
    chooser = random.Random(SEED)
    mail = [row for row in lines(folder / "fraud_en.jsonl") if row["source"] == "phishing_pot"]
    found = [
        (link[0], "phishing mail of 2022-2024" if row["truth"] else "honest mail of 2002-2003")
        for row in mail
        if (link := LINK.search(row["text"]))
    ]
    try:
        homepages = sorted(
            set(re.findall(r"^Homepage: (https?://\S+)$", ran(["apt-cache", "dumpavail"]), re.MULTILINE))
        )
    except (CannotRunError, OSError):
        homepages = []
    chosen = chooser.sample(homepages, min(LINKS_MOST, len(homepages)))
    found += [(link, "home pages of Debian's packages") for link in chosen]
    with (folder / "links.jsonl").open("w", encoding="utf-8") as stream:
        for text, source in sorted(set(found)):
            stream.write(json.dumps({"text": text, "source": source}) + "\n")


def compared_links(results: Results, rows: list[dict], answers: dict[str, list[dict]]) -> None:
    """Share of links that each flags; no rank, for no list says which link itself is fraud."""
    source = np.array([row["source"] for row in rows])
    judged = {"Brightline `message.links`": np.array([_is_flagged(row["text"]) for row in rows])}
    judged |= {name: np.array([one["flagged"] for one in said]) for name, said in answers.items()}
    table = [
        [str(one), name, int((source == one).sum()), share(flagged[source == one])]
        for one in sorted(set(source))
        for name, flagged in judged.items()
    ]
    results.add(
        "peers-links", "Side by side: links",
        [["links", "text"], ["judge", "text"], ["links", "count"], ["flagged", "share"]], table,
        "No list at hand says honestly which links are fraud: many in phishing mail lead to harmless pictures and pages. So only"
        " what is flagged is told, and neither AUROC nor recall. Our rules were calibrated on hosts of phishing_pot too; what"
        " `fraudurl` was trained on is not known here.",
    )  # fmt: skip


def _is_flagged(link: str) -> bool:
    context = Context(time="2026-11-23T00:00:00Z")
    subject = Subject(digest="0" * 64, size_bytes=len(link), kind=Kind.TEXT, text=link, context=context)
    return any(finding.harm is not None for finding in links.detect(subject))


if __name__ == "__main__":
    main()
