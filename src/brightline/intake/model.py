"""Model files: kind and size only; what is inside is for the detectors of artefacts."""

from brightline.core.subject import Blob
from brightline.intake.draft import Draft


def read(blob: Blob, draft: Draft) -> None:
    """Note the first bytes, which name the format and its version."""
    draft.header("magic", blob.head(8).hex())
