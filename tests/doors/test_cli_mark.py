"""`brightline mark` as people and pipelines use it: exit codes, JSON, both languages, folders, watching, pipelines."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import msgspec
import pytest

import marks
from brightline.core.subject import Kind
from brightline.doors.cli.main import outcome
from brightline.doors.cli.mark_jobs import MarkJob, mark_all
from brightline.marking.order import Order
from brightline.marking.plan import Regime, Statement
from brightline.marking.samples import SUFFIXES, sample
from brightline.settings import Settings

PLATFORM = ["--as", "suspected", "--propagator", marks.PROPAGATOR]  # the implicit mark alone: quick
RESAVE = "import sys; from PIL import Image; Image.open(sys.argv[1]).save(sys.argv[2])"


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    # The commands run as people run them, who set these; nobody's own settings or ledger come into it.
    monkeypatch.setenv("BRIGHTLINE_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("BRIGHTLINE_JOBS", "1")
    monkeypatch.chdir(tmp_path)


def put(name, kind):
    path = Path(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(sample(kind))
    return str(path)


def answers(capfd):
    return [json.loads(line) for line in capfd.readouterr().out.splitlines()]


def test_a_file_is_marked_verified_and_compared(capfd):
    file = put("a.md", Kind.MARKDOWN)
    assert outcome(["mark", file, "-o", "b.md", "--producer", marks.PRODUCER]) == 0
    assert outcome(["mark", "verify", "b.md"]) == 0
    assert outcome(["mark", "verify", "a.md"]) == 1
    assert outcome(["mark", "diff", "a.md", "b.md"]) == 0
    assert outcome(["mark", "diff", "b.md", "a.md"]) == 1
    said = capfd.readouterr().err
    assert "most likely" in said


def test_the_same_in_chinese(capfd):
    file = put("a.md", Kind.MARKDOWN)
    assert outcome(["mark", file, "-o", "b.md", "--producer", marks.PRODUCER, "--language", "zh"]) == 0
    assert outcome(["mark", "verify", "a.md", "--language", "zh"]) == 1
    said = capfd.readouterr().err
    assert "已标识" in said
    assert "隐式标识" in said
    assert "生成合成内容应当具有，但未发现" in said


def test_json_golden(capfd, golden, monkeypatch):
    """Every answer in its JSON form, as programs rely on it."""
    writing = os.environ.get("BRIGHTLINE_GOLDEN", "")
    monkeypatch.delenv("BRIGHTLINE_GOLDEN", raising=False)  # it is no setting
    file = put("a.md", Kind.MARKDOWN)
    assert outcome(["mark", file, "-o", "b.md", "--producer", marks.PRODUCER, "--json"]) == 0
    assert outcome(["mark", "verify", "b.md", "--json"]) == 0
    assert outcome(["mark", "diff", "b.md", "a.md", "--json"]) == 1
    lines = [json.loads(line) for line in capfd.readouterr().out.splitlines()]
    monkeypatch.setenv("BRIGHTLINE_GOLDEN", writing)  # `golden` looks for it
    lines[0]["target"] = Path(lines[0]["target"]).name
    golden(
        "mark/answers.json",
        "\n".join(json.dumps(one, indent=1, ensure_ascii=False, sort_keys=True) for one in lines) + "\n",
    )


def test_what_a_law_demands_and_cannot_be_written_ends_with_3():
    file = put("a.docx", Kind.DOCX)
    assert outcome(["mark", file, "-o", "b.docx", "--producer", marks.PRODUCER]) == 3


def test_a_refused_file_ends_with_1_and_stays_as_it_was(capfd):
    Path("theirs.wav").write_bytes(marks.wav(marks.riff_chunk(b"AIGC", marks.bare().encode())))
    assert outcome(["mark", "theirs.wav", "-o", "x.wav", "--producer", "Somebody-Else", "--json"]) == 1
    (answer,) = answers(capfd)
    assert answer["ending"] == "refused"
    assert not Path("x.wav").exists()


@pytest.mark.parametrize(
    "arguments",
    [
        ["mark", "a.md", "--producer", "P"],
        ["mark", "a.md", "-o", "b.md", "--in-place", "--producer", "P"],
        ["mark", "a.md", "-o", "b.md"],
        ["mark", "a.md", "-o", "b.md", "--producer", "P", "--policy", "mars"],
        ["mark", "gone.md", "-o", "b.md", "--producer", "P"],
        ["mark", "write", "a.md", "-o", "b.md", "--producer", "P", "--loud"],
        ["mark", "diff", "a.md", "gone.md"],
        ["mark", "watch", ".", "-o", ".", "--producer", "P", "--once"],
        ["mark", "pipeline", ".", "--", "cp", "a", "b"],
        ["mark", "pipeline", "empty", "--", "cp", "{in}", "{out}"],
    ],
)
def test_wrong_usage_ends_with_2_and_writes_nothing(arguments, capfd):
    put("a.md", Kind.MARKDOWN)
    Path("empty").mkdir()
    assert outcome(arguments) == 2
    assert not Path("b.md").exists()
    assert "Traceback" not in capfd.readouterr().err


def test_a_folder_is_marked_to_another_and_a_second_run_changes_nothing(capfd):
    for kind in (Kind.PNG, Kind.WAV, Kind.MARKDOWN):
        put(f"in/{kind}/a{SUFFIXES[kind]}", kind)
    put("in/odd.bin", Kind.MARKDOWN)
    Path("in/odd.bin").write_bytes(bytes(range(256)) * 9)
    assert outcome(["mark", "in", "-o", "out", *PLATFORM, "--json"]) == 1  # the odd one is refused
    first = {one["name"]: one for one in answers(capfd)}
    assert [one["ending"] for one in first.values()].count("marked") == 3
    assert sorted(str(path) for path in Path("out").rglob("*.*")) == [
        "out/markdown/a.md", "out/png/a.png", "out/wav/a.wav"]  # fmt: skip
    before = {path: path.stat().st_mtime_ns for path in Path("out").rglob("*.*")}
    assert outcome(["mark", "in", "-o", "out", *PLATFORM, "--json"]) == 1
    second = {one["name"]: one for one in answers(capfd)}
    assert {one["ending"] for one in second.values()} == {"unchanged", "refused"}
    assert {path: path.stat().st_mtime_ns for path in Path("out").rglob("*.*")} == before


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [("x.bmp", b"BM" + bytes(60), "not known"), ("x.bin", bytes(range(256)) * 4, "not known"),
     ("x.csv", b"a,b\n1,2\n3,4\n", "csv"), ("x.md", b"", "empty")],
)  # fmt: skip
def test_what_cannot_be_read_for_marks_is_never_verified(name, data, said, capfd):
    Path(name).write_bytes(data)
    put("marked.md", Kind.MARKDOWN)
    assert outcome(["mark", "verify", name]) == 2
    assert outcome(["mark", "verify", name, "--json"]) == 2
    shown, err = capfd.readouterr()
    answer = json.loads(shown)
    assert "verified" not in err
    assert answer["error"].startswith("cannot be read for marks")
    assert said in answer["error"]
    assert answer["complete"] is False
    assert outcome(["mark", "diff", "marked.md", name]) == 2


def test_links_and_pipes_in_a_folder_are_told_and_never_followed(tmp_path, capfd):
    put("in/a.md", Kind.MARKDOWN)
    put("outside/b.md", Kind.MARKDOWN)
    Path("in/out.md").symlink_to(tmp_path / "outside/b.md")
    Path("in/folder").symlink_to(tmp_path / "outside")
    Path("in/nowhere.md").symlink_to("gone.md")
    Path("in/twin.md").symlink_to("a.md")  # what it leads to is marked anyway
    os.mkfifo("in/pipe")
    assert outcome(["mark", "in", "-o", "out", *PLATFORM, "--json"]) == 2
    told = {Path(one["name"]).name: one for one in answers(capfd)}
    assert {name for name, one in told.items() if one["ending"] == "failed"} == {
        "out.md", "folder", "nowhere.md", "pipe"}  # fmt: skip
    assert told["a.md"]["ending"] == "marked"
    assert "nowhere" in told["nowhere.md"]["error"]
    assert [path.name for path in Path("out").rglob("*")] == ["a.md"]
    assert outcome(["mark", "verify", "in", "--json"]) == 1
    assert {"out.md", "folder", "nowhere.md", "pipe"} <= {Path(one["name"]).name for one in answers(capfd)}
    assert (
        outcome(["mark", "watch", "in", "-o", "out", *PLATFORM, "--settle", "0.1", "--once", "--json"]) == 2
    )
    assert sorted(Path(one["name"]).name for one in answers(capfd)) == [
        "a.md", "folder", "nowhere.md", "out.md", "pipe"]  # fmt: skip


def test_in_place_needs_to_be_said_and_marks_the_file_itself():
    file = put("a.wav", Kind.WAV)
    assert outcome(["mark", "--in-place", file, *PLATFORM]) == 0
    marked = Path(file).read_bytes()
    assert b"AIGC" in marked
    assert outcome(["mark", file, "--in-place", *PLATFORM]) == 0
    assert Path(file).read_bytes() == marked


def test_settings_name_the_producer():
    file = put("a.md", Kind.MARKDOWN)
    Path("brightline.toml").write_text(f'[mark]\nproducer = "{marks.PRODUCER}"\n')
    assert outcome(["mark", file, "-o", "b.md"]) == 0
    assert marks.PRODUCER in Path("b.md").read_text()


def test_codes_are_built_and_checked(capfd):
    assert outcome(["mark", "code", "91110000MA00EXAMP"]) == 0
    assert outcome(["mark", "code", marks.PRODUCER]) == 0
    assert outcome(["mark", "code", marks.PRODUCER[:-6]]) == 1
    assert outcome(["mark", "code", "91110000MA00EXAMP6"]) == 2
    said = capfd.readouterr().out.splitlines()
    assert said[0] == marks.PRODUCER[:22] + "10000"
    assert "valid" in said[1]


def test_the_report_is_one_page_in_both_languages_with_pictures_of_both_sides():
    put("in/a.png", Kind.PNG)
    put("in/b.md", Kind.MARKDOWN)
    Path("in/<b>evil.png").write_bytes(b"\x89PNG")
    assert outcome(["mark", "in", "-o", "out", "--producer", marks.PRODUCER, "--report", "r.html"]) == 1
    page = Path("r.html").read_text("utf-8")
    assert 'http-equiv="Content-Security-Policy"' in page
    assert page.count("data:image/jpeg;base64,") >= 3
    assert "标识前" in page
    assert "GB 45438-2025, 5.2" in page
    assert "<b>evil" not in page
    assert not [path for path in Path().iterdir() if path.name.startswith(".report")]


def test_watching_marks_what_comes_once_it_is_whole_and_never_its_own_output(tmp_path):
    put("in/old.md", Kind.MARKDOWN)
    child = subprocess.Popen(
        [sys.executable, "-m", "brightline", "mark", "watch", "in", "-o", "in/out", *PLATFORM, "--settle", "0.3", "--json"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=os.environ,
    )  # fmt: skip
    try:
        wait_for(lambda: Path("in/out/old.md").exists(), child)
        with Path("in/new.md").open("wb") as stream:
            stream.write(sample(Kind.MARKDOWN)[:40])
            stream.flush()
            time.sleep(1.5)
            assert not Path("in/out/new.md").exists()
            stream.write(sample(Kind.MARKDOWN)[40:])
        wait_for(lambda: Path("in/out/new.md").exists(), child)
        time.sleep(1.2)
    finally:
        child.send_signal(signal.SIGTERM)
        out, err = child.communicate(timeout=60)
    assert child.returncode == 0, err[-800:]
    assert sorted(Path(json.loads(line)["name"]).name for line in out.splitlines()) == ["new.md", "old.md"]
    assert sorted(path.name for path in Path("in/out").rglob("*")) == ["new.md", "old.md"]


def wait_for(condition, child, seconds=90):
    """Until something is there; a child that ends early is a failure."""
    until = time.monotonic() + seconds
    while not condition():
        assert child.poll() is None, child.stderr.read()[-800:]
        assert time.monotonic() < until
        time.sleep(0.05)


def test_watching_once_resumes(capfd):
    put("in/a.md", Kind.MARKDOWN)
    arguments = ["mark", "watch", "in", "-o", "out", *PLATFORM, "--settle", "0.1", "--once", "--json"]
    assert outcome(arguments) == 0
    put("in/b.wav", Kind.WAV)
    assert outcome(arguments) == 0
    assert [one["ending"] for one in answers(capfd)] == ["marked", "unchanged", "marked"]


def test_a_pipeline_that_copies_keeps_all_and_one_that_saves_anew_is_caught(capfd):
    only = ["--only", "png,tiff,markdown,docx"]
    assert (
        outcome(
            ["mark", "pipeline", "set", "--make", *only, *PLATFORM, "--json", "--", "cp", "{in}", "{out}"]
        )
        == 0
    )
    kept = answers(capfd)
    assert [one["whole"] for one in kept] == [True] * 4
    resave = ["--only", "png", "--json", "--", sys.executable, "-c", RESAVE, "{in}", "{out}"]
    assert outcome(["mark", "pipeline", "set", *resave]) == 1
    lost = answers(capfd)
    assert [one["comparison"]["cause"]["step"] for one in lost] == ["rewritten_without_metadata"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["sh", "-c", "sleep 30 & wait", "{in}", "{out}"], "longer than"),
        (["sh", "-c", "echo broken >&2; exit 3", "{in}", "{out}"], "ended with 3: broken"),
        (["true", "{in}", "{out}"], "wrote no file"),
        (["no-such-program", "{in}", "{out}"], "cannot be run"),
    ],
)
def test_a_pipeline_that_fails_or_hangs_is_told_and_ended(words, said, capfd):
    put("set/a.md", Kind.MARKDOWN)
    began = time.monotonic()
    assert outcome(["mark", "pipeline", "set", "--timeout", "0.5", "--json", "--", *words]) == 2
    assert said in answers(capfd)[0]["error"]
    assert time.monotonic() - began < 25


def test_words_of_a_pipeline_are_never_a_shells(capfd):
    put("set/a.md", Kind.MARKDOWN)
    assert outcome(["mark", "pipeline", "set", "--json", "--", "cp", "{in}", "{out}; touch owned"]) == 2
    assert not Path("owned").exists()
    assert answers(capfd)[0]["error"]


class Deadly:
    """Ends the process that receives it, as a decoder that crashes would."""

    def __reduce__(self):
        return os._exit, (9,)


def test_a_file_that_ends_its_worker_fails_alone():
    order = Order(statement=Statement.SUSPECTED, regimes=(Regime.CN,), propagator=marks.PROPAGATOR)
    settings = Settings(home=Path("home"), jobs=1)
    files = [Path(put(f"{name}.md", Kind.MARKDOWN)) for name in "abc"]
    jobs = [
        MarkJob(source=file, target=file.with_suffix(".out.md"), order=order, settings=settings)
        for file in files
    ]
    jobs[1] = msgspec.structs.replace(jobs[1], settings=Deadly())
    endings = {reply.answer.name: reply.answer.ending.value for reply in mark_all(jobs, settings)}
    # The pool breaks as a whole, so a neighbour may be marked twice: the second time its work is found done.
    assert endings["a.md"] in {"marked", "unchanged"}
    assert (endings["b.md"], endings["c.md"]) == ("failed", "marked")
    assert all(Path(f"{name}.out.md").exists() for name in "ac")
