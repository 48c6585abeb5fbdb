"""All errors Brightline raises, as one tree.

    BrightlineError                 catch this at a door
    ├── SettingsError               brightline.toml or BRIGHTLINE_* is wrong
    ├── IntakeError                 bytes cannot become a subject at all
    ├── CarrierError                a file format is broken where a mark would be
    ├── DetectorError               one detector could not judge one subject: becomes a Gap
    ├── BankError                   a bank of known items cannot be read
    ├── MarkingError                a mark cannot be written, or does not read back; the file stays as it was
    ├── KeyringError                a watermark key is missing, malformed or unsafe
    ├── ExchangeError               what a caller and a model say to each other is malformed or over a limit
    ├── ReviewError                 a submission, case, appeal or person is not there, or not in that state
    │   ├── NotThereError           there is none, or it is another tenant's
    │   ├── ConflictError           somebody was quicker, or the same key names another request
    │   └── RefusedError            the person may not do that
    ├── GovernanceError             a key, signature, attestation, waiver or baseline cannot be read or written
    ├── FeedError                   a feed of posts cannot be read, or holds none
    ├── BundleError                 a bundle cannot be made, or is not to be believed
    ├── PolicyError                 a pack cannot be loaded; carries file:line:column and a caret
    └── LedgerError                 the ledger cannot be written or read
        └── VerificationError       a proof, signature or digest does not hold

Messages are one line, lower case, without a full stop: what was found, what was expected, what to do.
"""


class BrightlineError(Exception):
    """Base of every error that Brightline raises on purpose."""


class SettingsError(BrightlineError):
    """A setting is unknown, malformed or contradictory."""


class IntakeError(BrightlineError):
    """Bytes cannot become a subject at all (unreadable, not a file)."""


class CarrierError(BrightlineError):
    """A file format is broken, truncated or over a limit where a mark would be."""


class DetectorError(BrightlineError):
    """One detector could not judge one subject; `examine` turns it into a Gap."""


class BankError(BrightlineError):
    """A bank of known items cannot be read or has a malformed row."""


class FeedError(BrightlineError):
    """A feed of posts cannot be opened, is of no known form, is over a limit, or holds no post."""


class MarkingError(BrightlineError):
    """A mark cannot be written, or what was written does not read back; the file stays as it was."""


class KeyringError(BrightlineError):
    """A keyring of watermark keys cannot be read, or a key is missing, malformed or unsafe."""


class ExchangeError(BrightlineError):
    """What a caller and a model say to each other is malformed, of an unknown form, or over a limit."""


class ReviewError(BrightlineError):
    """What people and programs ask of the service cannot be done; nothing was changed."""


class NotThereError(ReviewError):
    """There is no such thing, or it is another tenant's: the two are never told apart."""


class ConflictError(ReviewError):
    """The thing is not in the state that was expected: somebody was quicker, or a key was used before."""


class RefusedError(ReviewError):
    """The person, or program, may not do that."""


class GovernanceError(BrightlineError):
    """A key, signature, attestation, waiver, baseline or register cannot be read, written or used as asked."""


class BundleError(BrightlineError):
    """A bundle cannot be made or installed, or is not to be believed: changed, expired, older, signed by somebody else."""


class PolicyError(BrightlineError):
    """A policy pack cannot be loaded; the message points at file:line:column."""


class LedgerError(BrightlineError):
    """The ledger cannot be written or read."""


class VerificationError(LedgerError):
    """A proof, signature or digest does not hold: somebody changed something."""
