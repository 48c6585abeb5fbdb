"""Bills of materials, held to the official schemas and models of CycloneDX and SPDX, and the cards behind them."""

import json

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from spdx_python_model.bindings import v3_0_1 as model

from brightline.core.errors import GovernanceError
from brightline.doors.cli.main import outcome
from brightline.governance.bom import cyclonedx, spdx
from brightline.governance.card import Card, read_card
from brightline.governance.checks import Nature, Status, Target
from brightline.governance.licences import licence_results, spdx_of
from brightline.governance.manifest import read_manifest

MADE = "2026-11-24T00:00:00Z"
CARD = """---
license: apache-2.0
base_model: example/base-1b
base_model_relation: finetune
datasets: [example/letters, example/notes]
language: [en, zh]
pipeline_tag: text-generation
library_name: transformers
---
# A model
"""


@pytest.fixture
def folder(tmp_path):
    place = tmp_path / "model"
    place.mkdir()
    (place / "README.md").write_text(CARD)
    (place / "config.json").write_text('{"architectures": ["LlamaForCausalLM"]}')
    (place / "model.safetensors").write_bytes(b"\x02\0\0\0\0\0\0\0{}")
    return place


def target(place, nature=Nature.MODEL):
    return Target(name=str(place), path=place, nature=nature, manifest=read_manifest(place))


@pytest.mark.parametrize("nature", [Nature.MODEL, Nature.DATASET])
@pytest.mark.parametrize("said", [True, False])
def test_cyclonedx_is_valid_and_complete(folder, nature, said):
    one, card = target(folder, nature), read_card(folder) if said else Card()
    data = cyclonedx(one, card, MADE)
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(data.decode()) is None
    document = json.loads(data)
    main = document["metadata"]["component"]
    hashes = {part["name"]: part["hashes"][0]["content"] for part in main["components"]}
    assert hashes == {file.path: file.digest for file in one.manifest.files}
    assert main["hashes"][0]["content"] == one.digest
    assert [part["name"] for part in document["components"]] == (
        ["example/base-1b", "example/letters", "example/notes"] if said else []
    )
    assert data == cyclonedx(one, card, MADE)


@pytest.mark.parametrize("nature", [Nature.MODEL, Nature.DATASET])
@pytest.mark.parametrize("said", [True, False])
def test_spdx_is_read_by_its_official_model(folder, nature, said):
    one, card = target(folder, nature), read_card(folder) if said else Card()
    objects = model.SHACLObjectSet()
    model.JSONLDDeserializer().deserialize_data(json.loads(spdx(one, card, MADE)), objects)
    assert not objects.missing_ids
    kind = model.ai_AIPackage if nature is Nature.MODEL else model.dataset_DatasetPackage
    assert (
        objects.find_by_id(next(objects.foreach_type(model.SpdxDocument)).rootElement[0]._id).__class__
        is kind
    )
    assert len([*objects.foreach_type(model.software_File)]) == 3
    kinds = {
        str(link.relationshipType).rpartition("/")[2] for link in objects.foreach_type(model.Relationship)
    }
    assert kinds == (
        {"contains", "descendantOf", "trainedOn", "hasDeclaredLicense"} if said else {"contains"}
    )


@pytest.mark.parametrize("form", ["cyclonedx", "spdx"])
def test_the_command_writes_it(folder, tmp_path, form):
    out = tmp_path / "bom.json"
    assert outcome(["bom", str(folder), "--form", form, "--output", str(out)]) == 0
    assert read_manifest(folder).digest in out.read_text()


def test_the_command_refuses_what_would_not_be_whole(folder, tmp_path, capsys):
    (folder / "more.bin").symlink_to(tmp_path)
    assert outcome(["bom", str(folder)]) == 2
    assert "`more.bin` is a link" in capsys.readouterr().err
    assert outcome(["bom", str(tmp_path / "none")]) == 2
    assert (
        outcome(["bom", str(tmp_path / "model" / "config.json"), "--output", str(tmp_path / "no" / "x")]) == 2
    )


def test_an_adapter_names_its_base(folder):
    (folder / "README.md").write_text("# nothing\n")
    (folder / "adapter_config.json").write_text('{"base_model_name_or_path": "example/base-1b"}')
    card = read_card(folder)
    assert (card.base_models, card.relation) == (("example/base-1b",), "adapter")


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("README.md", "---\nlicense: [mit\n---\n"),
        ("README.md", "---\na: &x [1]\nb: *x\n---\n"),
        ("README.md", "---\nlicense: !!python/object/apply:os.system [true]\n---\n"),
        ("config.json", "{"),
        ("config.json", "[" * 100_000),
        ("config.json", " " * (1 << 20) + "{}"),
    ],
)
def test_a_card_that_cannot_be_read_is_said(folder, file, text):
    (folder / file).write_text(text)
    with pytest.raises(GovernanceError, match=file):
        read_card(folder)


def test_a_link_is_not_followed(folder, tmp_path):
    (tmp_path / "other.md").write_text(CARD.replace("apache-2.0", "mit"))
    (folder / "README.md").unlink()
    (folder / "README.md").symlink_to(tmp_path / "other.md")
    assert read_card(folder).licence == ""


@pytest.mark.parametrize(
    ("card", "file", "rules"),
    [
        (Card(licence="mit"), "", {"licence#stated": Status.PASS}),
        (
            Card(licence="cc-by-nc-4.0"),
            "",
            {"licence#stated": Status.PASS, "licence#not-commercial": Status.WARN},
        ),
        (Card(licence="llama3.1"), "", {"licence#unlisted": Status.WARN, "licence#use-limited": Status.WARN}),
        (Card(licence="other", licence_name="house-terms"), "", {"licence#unlisted": Status.WARN}),
        (Card(), "LICENSE", {"licence#unnamed": Status.WARN}),
        (Card(), "", {"licence#missing": Status.WARN}),
    ],
)
def test_licences(folder, card, file, rules):
    if file:
        (folder / file).write_text("terms")
    assert {one.rule: one.status for one in licence_results(target(folder), card)} == rules


def test_odd_licences_are_no_expressions():
    assert [spdx_of(text) for text in ("", "x" * 10_000, "(((", "MIT OR", "MIT AND nonsense")] == [""] * 5
