"""The operator's own watermarks, in whatever medium: whose keys are looked for, and what finding one says."""

from brightline.core.errors import DetectorError, KeyringError
from brightline.core.finding import Basis, Detail, Finding, Place
from brightline.core.words import Words
from brightline.settings import Settings
from brightline.watermark.keyring import FILE_NAME, Key, Keyring


def own_keys(settings: Settings) -> tuple[Key, ...]:
    """Every key of the operator's keyring, newest first; retired ones still detect.

    Raises:
        DetectorError: there is a keyring, and it cannot be used.
    """
    path = settings.home / FILE_NAME
    if not path.exists():
        return ()
    try:
        return Keyring.load(path).all()
    except KeyringError as error:
        raise DetectorError(str(error)) from error


def own_mark(
    detector: str, medium: str, why: Words, where: Place, *, key: str, p_value: float, **details: str
) -> Finding:
    """The finding that a watermark of one of these keys is there; empty details are left out."""
    told = {"medium": medium, "key": key, "p_value": f"{p_value:.1e}", **details}
    return Finding(
        detector=detector,
        claim="watermark.found",
        basis=Basis.DECLARED,
        probability=1.0 - p_value,
        why=why,
        where=(where,),
        details=tuple(Detail(name, value) for name, value in sorted(told.items()) if value),
    )
