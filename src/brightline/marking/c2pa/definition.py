"""A claim as the manifest definition that the C2PA library takes (c2pa-rs, `ManifestDefinition`)."""

from brightline.marking.c2pa.claim import Agent, Claim, Deed, Disclosure

PARENT = "parent"
"""Label of the ingredient that the file was made from."""
# Names of the fields in `cawg.metadata` (CAWG Metadata 1.1): IPTC 2025.1 for systems, Dublin Core and XMP for the rest.
_CONTEXT = {
    "dc": "http://purl.org/dc/elements/1.1/",
    "xmp": "http://ns.adobe.com/xap/1.0/",
    "Iptc4xmpExt": "http://iptc.org/std/Iptc4xmpExt/2008-02-29/",
}

Json = dict[str, object]


def definition_of(claim: Claim, *, has_parent: bool, media_type: str) -> Json:
    """The manifest definition: generator, title, actions, latent disclosure and soft bindings.

    Args:
        claim: checked.
        has_parent: whether an ingredient labelled `PARENT` is added.
        media_type: of the file.
    """
    assertions: list[Json] = [
        {"label": "c2pa.actions.v2", "data": {"actions": _actions(claim, has_parent=has_parent)}}
    ]
    if claim.disclosure is not None:
        assertions.append({"label": "cawg.metadata", "kind": "Json", "data": _disclosed(claim.disclosure)})
    assertions.extend(
        {
            "label": "c2pa.soft-binding",
            "data": {"alg": each.algorithm, "blocks": [{"scope": {}, "value": each.value}], "pad": []},
        }
        for each in claim.soft_bindings
    )
    titled = {"title": claim.title} if claim.title else {}
    return {
        "claim_generator_info": [_agent(claim.generator)],
        "format": media_type,
        "assertions": assertions,
        **titled,
    }


def _actions(claim: Claim, *, has_parent: bool) -> list[Json]:
    deeds = [claim.deed, *claim.also]
    if has_parent:
        opened: Json = {"action": "c2pa.opened", "parameters": {"ingredientIds": [PARENT]}}
        deeds = [Deed.METADATA if deed is Deed.CREATED else deed for deed in deeds]
        return [opened, *(_action(deed, claim, is_first=deed is deeds[0]) for deed in deeds)]
    return [_action(deed, claim, is_first=number == 0) for number, deed in enumerate(deeds)]


def _action(deed: Deed, claim: Claim, *, is_first: bool) -> Json:
    action: Json = {"action": str(deed), "when": claim.time, "softwareAgent": _agent(claim.agent)}
    if is_first:
        action["digitalSourceType"] = str(claim.source_type)
    return action


def _agent(agent: Agent) -> Json:
    return {"name": agent.name, "version": agent.version} if agent.version else {"name": agent.name}


def _disclosed(shown: Disclosure) -> Json:
    return {
        "@context": _CONTEXT,
        "dc:publisher": shown.provider,
        "dc:identifier": shown.identifier,
        "xmp:CreateDate": shown.time,
        "Iptc4xmpExt:AISystemUsed": shown.system,
        "Iptc4xmpExt:AISystemVersionUsed": shown.system_version,
    }
