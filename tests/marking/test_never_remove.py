"""Nothing removes, blanks, moves away or falsifies a mark: every public way into the house is walked with marked files.

Files carry every mark that their format can hold, by other hands and by ours. Whatever is then done to them by any
writer, signer, labeller, embedder or command, each mark is found again, or the deed is refused and nothing is written.
"""

import ast
import re
from pathlib import Path

import click
import numpy as np
import pytest
from marking_parts import PRODUCER, PROPAGATOR, inventory, marked_file, order, plain_file, settings_in

from brightline.carriers.iptc import WRITE_IPTC
from brightline.carriers.writers import WRITERS
from brightline.core.errors import BrightlineError, CarrierError, MarkingError
from brightline.core.subject import Kind, Media
from brightline.doors.cli.main import COMMANDS, brightline
from brightline.marking.compare import Fate, compare
from brightline.marking.content import split_front_matter
from brightline.marking.explicit.image import label_image
from brightline.marking.explicit.style import Style
from brightline.marking.explicit.text import label_text
from brightline.marking.found import Layer
from brightline.marking.plan import Regime, Statement
from brightline.marking.samples import SUFFIXES, sample_kinds
from brightline.marking.write import mark_file
from brightline.media.rewrite_audio import rewrite_audio
from brightline.media.rewrite_image import WRITTEN_KINDS, rewrite_image
from brightline.watermark.image import embed
from brightline.watermark.keyring import FILE_NAME, Keyring

SOURCE = Path(__file__).parents[2] / "src" / "brightline"
# Words of removal, as parts of a name. `drop`, `erase` and the like would do the same under another name.
REMOVAL = re.compile(
    r"(?:^|_|-)(?:remove|strip|delete|erase|scrub|unmark|unlabel|dewatermark|clean|cleanse|wash|wipe|blank|discard"
    r"|purge|forget|hide|drop|without_mark|anonymi[sz]e)(?:$|_|-|s$|d$)"
)
ROOMS = ("marking", "carriers", "watermark", "provenance", "doors")
LOST = (Fate.LOST, Fate.CHANGED)
FAST = [Kind.PNG, Kind.JPEG, Kind.WEBP, Kind.GIF, Kind.PDF, Kind.MARKDOWN, Kind.DOCX]


@pytest.fixture(scope="module")
def settings(tmp_path_factory):
    return settings_in(tmp_path_factory.mktemp("keys"))


@pytest.fixture(scope="module")
def marked(tmp_path_factory, settings):
    """For each kind, a file with every mark that it can hold; made once."""
    known = {}

    def give(kind):
        if kind not in known:
            known[kind] = marked_file(tmp_path_factory.mktemp(kind), kind, settings)
        return known[kind]

    return give


def check_kept(before, after, settings, *, byte_edit=False):
    """Every mark is found again; a byte edit outside `marking` breaks a signature, and says so, but keeps it in place."""
    old, new = inventory(before, settings), inventory(after, settings)
    gone = compare(old, new).of(*LOST)
    if byte_edit:
        gone = [one for one in gone if one.layer is not Layer.C2PA or not new.of(Layer.C2PA)]
    assert [*gone] == [], [(one.layer, one.fate, one.differs) for one in gone]


@pytest.mark.parametrize("kind", sorted(WRITERS, key=str))
def test_a_carriers_writer_leaves_one_mark_and_keeps_all_others(kind, tmp_path, settings, marked):
    after = tmp_path / f"after{SUFFIXES.get(kind, '.heic')}"
    if kind is Kind.HEIF:
        pytest.skip("no free encoder makes a HEIF sample; its writer has its own tests")
    if kind in FAST:
        before = marked(kind)
    else:  # sound, video and the rest: the implicit mark alone, which all of them hold
        before = tmp_path / f"before{SUFFIXES[kind]}"
        mark_file(
            plain_file(tmp_path, kind), before, order(Statement.SUSPECTED, propagator=PRODUCER), settings
        )
    from brightline.marking.fields import fields_of, propagated
    from brightline.marking.inventory import implicit_marks, open_subject_at

    there = fields_of(implicit_marks(open_subject_at(before, settings), [])[0])
    text = (propagated(there, PROPAGATOR, "p-1") if kind in FAST else there).text
    try:
        pieces = b"".join(bytes(piece) for piece in WRITERS[kind](memoryview(before.read_bytes()), text))
    except CarrierError:
        return  # it refuses, as a signed PDF may
    after.write_bytes(pieces)
    check_kept(before, after, settings, byte_edit=True)
    assert len(inventory(after, settings).of(Layer.IMPLICIT)) == 1


@pytest.mark.parametrize("kind", [kind for kind in WRITE_IPTC if kind in FAST])
def test_writing_a_source_type_keeps_all_marks_and_never_exchanges_one_of_ai(
    kind, tmp_path, settings, marked
):
    before, after = marked(kind), tmp_path / f"after{SUFFIXES[kind]}"
    for term in ("trainedAlgorithmicMedia", "digitalCapture", "compositeWithTrainedAlgorithmicMedia"):
        uri = f"http://cv.iptc.org/newscodes/digitalsourcetype/{term}"
        try:
            after.write_bytes(
                b"".join(bytes(one) for one in WRITE_IPTC[kind](memoryview(before.read_bytes()), uri))
            )
        except CarrierError:
            continue
        check_kept(before, after, settings, byte_edit=True)


@pytest.mark.parametrize("kind", [kind for kind in WRITTEN_KINDS if kind in FAST])
def test_drawing_a_label_and_rewriting_pixels_keep_all_marks(kind, tmp_path, settings, marked):
    before = marked(kind)
    for number, make in enumerate(
        (
            lambda data: label_image(data, kind, Style()),
            lambda data: rewrite_image(data, kind, [lambda pixels: np.ascontiguousarray(pixels)]),
        )
    ):
        after = tmp_path / f"{number}{SUFFIXES[kind]}"
        try:
            after.write_bytes(make(before.read_bytes()))
        except MarkingError:
            continue
        check_kept(before, after, settings, byte_edit=True)


def test_a_second_watermark_is_refused(settings, marked):
    key = Keyring.load(settings.home / FILE_NAME).active
    with pytest.raises(MarkingError, match="already"):
        rewrite_image(marked(Kind.PNG).read_bytes(), Kind.PNG, [lambda pixels: embed(pixels, key, 1)])


def test_a_marked_text_gets_no_second_label_and_keeps_its_first(settings, marked):
    _, body = split_front_matter(marked(Kind.MARKDOWN).read_bytes())
    assert label_text(body.decode(), Style()) == body.decode()


def test_sound_that_is_written_anew_keeps_its_tags(tmp_path, settings):
    before, after = tmp_path / "marked.wav", tmp_path / "after.wav"
    mark_file(plain_file(tmp_path, Kind.WAV), before, order(Statement.SUSPECTED), settings)
    rewrite_audio(before, after, Kind.WAV, [lambda sound, _rate: sound])
    check_kept(before, after, settings)


ORDERS = [
    order(statement, regimes=[*Regime], resign=resign, producer=producer, explicit=True)
    for statement in Statement
    for resign in (False, True)
    for producer in ("Somebody-Else",)
]


@pytest.mark.parametrize("one", ORDERS, ids=lambda one: f"{one.statement}-{one.resign}")
@pytest.mark.parametrize("kind", [Kind.PNG, Kind.PDF, Kind.MARKDOWN])
def test_no_order_however_made_loses_a_mark(one, kind, tmp_path, settings, marked):
    before, after = marked(kind), tmp_path / f"after{SUFFIXES[kind]}"
    data = before.read_bytes()
    try:
        mark_file(before, after, one, settings)
    except BrightlineError:
        assert not after.exists()
    else:
        check_kept(before, after, settings)
    assert before.read_bytes() == data


def test_marks_of_others_are_walked_too(tmp_path, settings):
    """A generator's record, another producer's mark, IPTC: all stay under a platform's mark."""
    from PIL import Image
    from PIL.PngImagePlugin import PngInfo

    before = tmp_path / "theirs.png"
    told = PngInfo()
    told.add_text("parameters", "a castle\nSteps: 20, Sampler: Euler a, CFG scale: 7, Seed: 1, Size: 512x512")
    Image.linear_gradient("L").convert("RGB").save(before, pnginfo=told)
    assert inventory(before, settings).of(Layer.GENERATOR)
    done = mark_file(before, tmp_path / "after.png", order(Statement.SUSPECTED), settings)
    assert done.comparison.of(Fate.KEPT)
    check_kept(before, tmp_path / "after.png", settings)


def public_names():
    """Every public function and class of the rooms that touch marks, with its file."""
    for room in ROOMS:
        for path in sorted((SOURCE / room).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text("utf-8"))):
                named = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
                if named and not node.name.startswith("_"):
                    yield path.relative_to(SOURCE), node.name


def test_no_public_name_promises_removal():
    assert [(str(path), name) for path, name in public_names() if REMOVAL.search(name)] == []


def walked(command, path=()):
    yield path, command
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            yield from walked(command.get_command(context, name), (*path, name))


def test_no_command_and_no_option_promises_removal():
    seen = 0
    for path, command in walked(brightline):
        names = [*path, *(name for one in command.params for name in (*one.opts, *one.secondary_opts))]
        assert [name for name in names if REMOVAL.search(name.lstrip("-"))] == [], path
        seen += len(names)
    assert seen > 100
    assert "mark" in COMMANDS


@pytest.mark.parametrize(
    "name", ["remove_mark", "strip", "unmark", "delete_watermark", "--strip-metadata".lstrip("-")]
)
def test_the_check_of_names_notices_what_it_is_for(name):
    assert REMOVAL.search(name)


def test_every_kind_of_medium_is_walked():
    assert {kind.media for kind in FAST} == {Media.IMAGE, Media.DOCUMENT, Media.TEXT}
    assert {*FAST} <= {*sample_kinds()}
