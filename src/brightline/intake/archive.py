"""Archives: a ZIP's, TAR's or GZIP's members as parts. Nothing is ever written, so a name that climbs is only noted."""

from brightline.core.subject import Blob, Kind
from brightline.intake.draft import Draft
from brightline.intake.gunzip import read_gzip
from brightline.intake.tar import read_tar
from brightline.intake.unzip import read_zip


def read(blob: Blob, draft: Draft) -> None:
    """Open an archive's members as parts, within the budget."""
    draft.room_for_part()
    if draft.kind is Kind.TAR:
        read_tar(blob, draft)
    elif draft.kind is Kind.GZIP:
        read_gzip(blob, draft)
    else:
        read_zip(blob, draft)
