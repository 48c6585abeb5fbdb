"""The one place where a reader's failure, of whatever type, becomes a gap."""

import logging
from collections.abc import Callable

from brightline.core.subject import GapKind
from brightline.intake.budget import StopReadingError
from brightline.intake.draft import Draft

log = logging.getLogger(__name__)


class EncryptedError(Exception):
    """The content needs a password that we don't have; becomes an ENCRYPTED gap."""


def guarded(action: Callable[[], None], draft: Draft) -> None:
    """Run one step of reading; a limit, an encryption or any failure becomes a gap of the draft."""
    try:
        action()
    except StopReadingError as error:
        draft.gap_once(error.kind, error.words.en, error.words.zh)
    except EncryptedError:
        draft.gap_once(
            GapKind.ENCRYPTED, "encrypted: a password is needed to read it", "内容已加密，需要密码才能读取"
        )
    except MemoryError:
        draft.gap_once(
            GapKind.LIMIT,
            f"reading this {draft.kind} ran out of memory",
            f"读取该 {draft.kind} 内容时内存不足",
        )
    except Exception as error:  # noqa: BLE001 # parsers of hostile bytes raise anything; each failure is a gap
        log.info("reader_failed kind=%s error=%s", draft.kind, type(error).__name__)
        draft.gap_once(
            GapKind.MALFORMED,
            f"this {draft.kind} is broken and could not be read to its end",
            f"该 {draft.kind} 内容已损坏，未能完整读取",
        )
