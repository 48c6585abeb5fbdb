"""The form of the C2PA library's JSON report, as far as we read it; every other key is ignored.

Source: c2pa-rs 0.91, `Reader::json`.
"""

import msgspec


class Status(msgspec.Struct, frozen=True):
    """One validation code."""

    code: str


class Codes(msgspec.Struct, frozen=True):
    """Validation codes of one manifest."""

    success: tuple[Status, ...] = ()
    informational: tuple[Status, ...] = ()
    failure: tuple[Status, ...] = ()


class Delta(msgspec.Struct, frozen=True, rename="camel"):
    """What changed about an ingredient since it was taken in."""

    validation_deltas: Codes = Codes()


class Results(msgspec.Struct, frozen=True, rename="camel"):
    """Validation of the active manifest and of its ingredients."""

    active_manifest: Codes = Codes()
    ingredient_deltas: tuple[Delta, ...] = ()


class IngredientResults(msgspec.Struct, frozen=True, rename="camel"):
    """How an ingredient validated when it was taken in."""

    active_manifest: Codes | None = None


class Ingredient(msgspec.Struct, frozen=True):
    """A file that this one was made from."""

    active_manifest: str = ""
    relationship: str = ""
    validation_results: IngredientResults | None = None


class Generator(msgspec.Struct, frozen=True):
    """A program that makes claims."""

    name: str = ""
    version: str = ""


class Assertion(msgspec.Struct, frozen=True):
    """One assertion; its data is decoded only where it matters."""

    label: str
    data: msgspec.Raw = msgspec.Raw(b"null")


class Action(msgspec.Struct, frozen=True, rename="camel"):
    """One deed of an editor."""

    digital_source_type: str | None = None


class Actions(msgspec.Struct, frozen=True):
    """The data of a `c2pa.actions` assertion."""

    actions: tuple[Action, ...] = ()


class Disclosed(msgspec.Struct, frozen=True):
    """The data of a metadata assertion, as far as a latent disclosure goes (IPTC 2025.1, Dublin Core, XMP)."""

    provider: str | None = msgspec.field(name="dc:publisher", default=None)
    identifier: str | None = msgspec.field(name="dc:identifier", default=None)
    time: str | None = msgspec.field(name="xmp:CreateDate", default=None)
    system: str | None = msgspec.field(name="Iptc4xmpExt:AISystemUsed", default=None)
    version: str | None = msgspec.field(name="Iptc4xmpExt:AISystemVersionUsed", default=None)


class SoftBinding(msgspec.Struct, frozen=True):
    """The data of a `c2pa.soft-binding` assertion."""

    alg: str = ""


class SignatureInfo(msgspec.Struct, frozen=True):
    """Whose certificate signed, and when."""

    issuer: str | None = None
    common_name: str | None = None
    time: str | None = None


class Manifest(msgspec.Struct, frozen=True):
    """One manifest of a store."""

    claim_generator: str = ""
    claim_generator_info: tuple[Generator, ...] = ()
    instance_id: str = ""
    ingredients: tuple[Ingredient, ...] = ()
    assertions: tuple[Assertion, ...] = ()
    signature_info: SignatureInfo = SignatureInfo()

    @property
    def generator(self) -> str:
        """Name and version of the program that made the claim."""
        if self.claim_generator_info:
            first = self.claim_generator_info[0]
            return f"{first.name} {first.version}".strip()
        return self.claim_generator


class Store(msgspec.Struct, frozen=True):
    """A manifest store with its validation."""

    active_manifest: str = ""
    manifests: dict[str, Manifest] = {}
    validation_results: Results = Results()
