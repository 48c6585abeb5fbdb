"""The operator's watermark keys, as detectors need them: none where there is no keyring."""

from brightline.core.errors import DetectorError, KeyringError
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
