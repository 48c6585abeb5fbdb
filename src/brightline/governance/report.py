"""The gate's report: one verdict over targets, with every result, waiver and number it rests on."""

import msgspec

from brightline.core.errors import GovernanceError
from brightline.core.ordered import OrderedEnum
from brightline.core.receipt import Receipt
from brightline.governance.checks import CheckResult, Measurement, Nature, Status, worst
from brightline.governance.waivers import Waiver

REPORT_VERSION = 1
REPORT_LIMIT_BYTES = 256 * 1024 * 1024  # of a baseline that is read; 100,000 results take 100 MB


class Verdict(OrderedEnum):
    """What a pipeline is told, the worst last."""

    PASS = "pass"  # noqa: S105 - no password
    WARNINGS = "warnings"
    UNDECIDED = "undecided"
    FAILED = "failed"


class TargetReport(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What the gate says of one target.

    Attributes:
        name: as it was given.
        nature: model, data set or other.
        digest: over all its files.
        files: how many.
        size_bytes: of all.
        verdict: by policy over the results.
        rules: policy rules that asked for it, strictest first.
        results: all that the checks said, the worst first.
        decision: digest of the recorded decision's examination.
        receipt: proof that the verdict is in the ledger.
    """

    name: str
    nature: Nature
    digest: str
    files: int
    size_bytes: int
    verdict: Verdict
    rules: tuple[str, ...] = ()
    results: tuple[CheckResult, ...] = ()
    decision: str = ""
    receipt: Receipt | None = None

    @property
    def measurements(self) -> tuple[Measurement, ...]:
        """All numbers, in the order of the results."""
        return tuple(one for result in self.results for one in result.measurements)


class GateReport(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The whole run.

    Attributes:
        version: of this form.
        tool: version of Brightline.
        made: RFC 3339 UTC.
        verdict: the worst of the targets'.
        exit: the code that the command gives for it.
        policies: packs in force.
        policy: their digest.
        detectors: digest of the detectors.
        targets: in the order given.
        waivers: all that were given, whether they hold or not.
        baseline: digest of the baseline's bytes, or empty.
        problems: what could not be done at all, such as a path that is not there.
    """

    version: int
    tool: str
    made: str
    verdict: Verdict
    exit: int
    policies: tuple[str, ...]
    policy: str
    detectors: str
    targets: tuple[TargetReport, ...]
    waivers: tuple[Waiver, ...] = ()
    baseline: str = ""
    problems: tuple[str, ...] = ()

    @property
    def results(self) -> tuple[tuple[TargetReport, CheckResult], ...]:
        """Every result with its target."""
        return tuple((target, result) for target in self.targets for result in target.results)

    def count(self, status: Status) -> int:
        """How many results have that status."""
        return sum(result.status is status for _, result in self.results)


def read_report(data: bytes) -> GateReport:
    """A report from its JSON, strictly enough to compare with.

    Raises:
        GovernanceError: it is none, too large, or of a version that we do not know.
    """
    if len(data) > REPORT_LIMIT_BYTES:
        raise GovernanceError(f"a gate report of {len(data)} bytes, expected at most {REPORT_LIMIT_BYTES}")
    try:
        report = msgspec.json.decode(data, type=GateReport)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise GovernanceError(f"no gate report: {error}") from error
    if report.version != REPORT_VERSION:
        raise GovernanceError(f"a gate report of version {report.version}, expected {REPORT_VERSION}")
    return report


def ordered(results: tuple[CheckResult, ...]) -> tuple[CheckResult, ...]:
    """Results with the worst first, then by check, rule and path."""
    return tuple(
        sorted(results, key=lambda one: (-one.status.rank, -one.severity.rank, one.check, one.rule, one.path))
    )


def checks_of(target: TargetReport) -> dict[str, Status]:
    """Each check that ran, with its worst status, in the order of first mention."""
    names = dict.fromkeys(result.check for result in target.results)
    return {
        name: worst([result for result in target.results if result.check == name]) for name in sorted(names)
    }
