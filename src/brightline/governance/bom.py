"""Bills of materials of models and data sets: CycloneDX 1.6 (ECMA-424) and SPDX 3.0.1 (ISO/IEC 5962) as JSON.

The same files give the same bytes apart from the time. What the card declares is told as declared; digests are ours.
"""

import uuid
from collections.abc import Iterator
from importlib.metadata import version
from typing import Any

import msgspec

from brightline.governance.card import Card
from brightline.governance.checks import Nature, Target
from brightline.governance.licences import spdx_of

CYCLONEDX_SCHEMA = "http://cyclonedx.org/schema/bom-1.6.schema.json"
SPDX_CONTEXT = "https://spdx.org/rdf/3.0.1/spdx-context.jsonld"
_NAMESPACE = uuid.UUID("6b0f7c1e-52d4-5a5c-9d0e-2f3f3e0c8a61")  # of our serial numbers
_RELATIONS = {"finetune": "fine-tuned from", "adapter": "adapter for", "quantized": "quantised from", "merge": "merged from"}  # fmt: skip


def cyclonedx(target: Target, card: Card, made: str) -> bytes:
    """CycloneDX 1.6: the model or data set, its files with SHA-256, licence, base models and training data.

    Args:
        target: with its manifest.
        card: what it declares.
        made: time, RFC 3339 in UTC.
    """
    main = _main(target, card)
    bases = [_base(name) for name in card.base_models]
    data = [_data(name) for name in card.datasets]
    document = {
        "$schema": CYCLONEDX_SCHEMA,
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{uuid.uuid5(_NAMESPACE, target.digest)}",
        "version": 1,
        "metadata": {
            "timestamp": made,
            "tools": {"components": [{"type": "application", "name": "brightline", "version": version("brightline")}]},
            "component": main,
        },
        "components": [*bases, *data],
        "dependencies": [
            {"ref": main["bom-ref"], "dependsOn": [one["bom-ref"] for one in (*bases, *data)]},
            *({"ref": one["bom-ref"]} for one in (*bases, *data)),
        ],
    }  # fmt: skip
    return msgspec.json.format(msgspec.json.encode(document), indent=2) + b"\n"


def _main(target: Target, card: Card) -> dict[str, Any]:
    is_model = target.nature is not Nature.DATASET
    component: dict[str, Any] = {
        "type": "machine-learning-model" if is_model else "data",
        "bom-ref": f"sha256:{target.digest}",
        "name": _name(target, card),
        "version": target.digest[:12],
        "hashes": [_hash(target.digest)],
        "properties": [{"name": "brightline:digest", "value": "OpenSSF Model Signing v1.0, SHA-256 over the files' digests"}],
        "components": [
            {
                "type": "file",
                "bom-ref": f"file:{number}",
                "name": target.manifest.name if one.path == "." else one.path,
                "hashes": [_hash(one.digest)],
                "properties": [{"name": "brightline:size_bytes", "value": str(one.size_bytes)}],
            }
            for number, one in enumerate(target.manifest.files)
        ],
    }  # fmt: skip
    licences = _licences(card)
    if licences:
        component["licenses"] = licences
    if is_model:
        component["modelCard"] = _model_card(card)
        if card.base_models:
            notes = _RELATIONS.get(card.relation, "made from")
            component["pedigree"] = {
                "ancestors": [_plain_base(name) for name in card.base_models],
                "notes": notes,
            }
    else:
        component["data"] = [{"type": "dataset", "name": _name(target, card)}]
    return component


def _model_card(card: Card) -> dict[str, Any]:
    parameters: dict[str, Any] = {}
    if card.task:
        parameters["task"] = card.task
    if card.architectures:
        parameters["modelArchitecture"] = card.architectures[0]
    if card.datasets:
        parameters["datasets"] = [{"ref": f"data:{name}"} for name in card.datasets]
    return {"modelParameters": parameters} if parameters else {}


def _licences(card: Card) -> list[dict[str, Any]]:
    spdx = spdx_of(card.licence)
    if spdx:
        return [{"expression": spdx}]
    name = card.licence_name or card.licence
    if not name:
        return []
    link = card.licence_link if card.licence_link.startswith(("https://", "http://")) else ""
    return [{"license": {"name": name} | ({"url": link} if link else {})}]


def _plain_base(name: str) -> dict[str, Any]:
    return {"type": "machine-learning-model", "name": name}


def _base(name: str) -> dict[str, Any]:
    return _plain_base(name) | {"bom-ref": f"base:{name}"}


def _data(name: str) -> dict[str, Any]:
    return {"type": "data", "bom-ref": f"data:{name}", "name": name}


def _hash(digest: str) -> dict[str, str]:
    return {"alg": "SHA-256", "content": digest}


def _name(target: Target, card: Card) -> str:
    return card.title or target.manifest.name


def spdx(target: Target, card: Card, made: str) -> bytes:
    """SPDX 3.0.1, AI or Dataset profile as JSON-LD: the package, its files, licence, base models and training data.

    Args:
        target: with its manifest.
        card: what it declares.
        made: time, RFC 3339 in UTC.
    """
    root = f"urn:spdx.dev:brightline-{uuid.uuid5(_NAMESPACE, target.digest)}"
    elements = [*_elements(target, card, root)]
    document = {
        "type": "SpdxDocument",
        "spdxId": f"{root}#document",
        "creationInfo": "_:made",
        "profileConformance": [
            "core",
            "software",
            "ai" if target.nature is not Nature.DATASET else "dataset",
        ],
        "rootElement": [f"{root}#main"],
        "element": [one["spdxId"] for one in elements],
    }
    info = {
        "type": "CreationInfo", "@id": "_:made", "specVersion": "3.0.1", "created": made,
        "createdBy": [f"{root}#tool-agent"], "createdUsing": [f"{root}#tool"],
    }  # fmt: skip
    graph = {"@context": SPDX_CONTEXT, "@graph": [info, document, *elements]}
    return msgspec.json.format(msgspec.json.encode(graph), indent=2) + b"\n"


def _elements(target: Target, card: Card, root: str) -> Iterator[dict[str, Any]]:
    def element(kind: str, key: str, **more: Any) -> dict[str, Any]:
        return {"type": kind, "spdxId": f"{root}#{key}", "creationInfo": "_:made", **more}

    def link(key: str, kind: str, to: list[str]) -> dict[str, Any]:
        ends = {"from": f"{root}#main", "relationshipType": kind, "to": [f"{root}#{one}" for one in to]}
        return element("Relationship", key, **ends)

    yield element("SoftwareAgent", "tool-agent", name="brightline")
    yield element("Tool", "tool", name=f"brightline {version('brightline')}")
    is_model = target.nature is not Nature.DATASET
    said: dict[str, Any] = {"name": _name(target, card), "verifiedUsing": [_spdx_hash(target.digest)]}
    if is_model:
        said |= {"software_primaryPurpose": "model", "software_packageVersion": target.digest[:12]}
        said |= {"ai_domain": [card.task]} if card.task else {}
        said |= {"ai_typeOfModel": [*card.architectures]} if card.architectures else {}
    else:
        said |= {"software_primaryPurpose": "data", "dataset_datasetType": ["noAssertion"]}
    yield element("ai_AIPackage" if is_model else "dataset_DatasetPackage", "main", **said)
    for number, one in enumerate(target.manifest.files):
        name = target.manifest.name if one.path == "." else one.path
        yield element("software_File", f"file-{number}", name=name, verifiedUsing=[_spdx_hash(one.digest)])
    yield link("contains", "contains", [f"file-{number}" for number in range(len(target.manifest.files))])
    for number, name in enumerate(card.base_models):
        yield element("ai_AIPackage", f"base-{number}", name=name)
    if card.base_models:
        yield link(
            "from-bases", "descendantOf", [f"base-{number}" for number in range(len(card.base_models))]
        )
    for number, name in enumerate(card.datasets):
        yield element(
            "dataset_DatasetPackage", f"data-{number}", name=name, dataset_datasetType=["noAssertion"]
        )
    if card.datasets:
        yield link("trained", "trainedOn", [f"data-{number}" for number in range(len(card.datasets))])
    expression = spdx_of(card.licence)
    if expression:
        yield element(
            "simplelicensing_LicenseExpression", "licence", simplelicensing_licenseExpression=expression
        )
        yield link("declared", "hasDeclaredLicense", ["licence"])


def _spdx_hash(digest: str) -> dict[str, str]:
    return {"type": "Hash", "algorithm": "sha256", "hashValue": digest}
