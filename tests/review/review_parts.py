"""What the tests of the review room hand in."""

from brightline.core.decision import Action
from brightline.core.subject import Context
from brightline.review import submissions
from brightline.review.store import Store
from brightline.review.submissions import Judged, Offer
from brightline.settings_service import ServiceSetting

CONTEXT = Context(channel="api", time="2026-11-23T12:00:00Z")
SETTING = ServiceSetting(undo_seconds=0.0)


def offer(
    text: str = "hello", *, key: str = "", tenant: str = "t", asked: str = "", priority: int = 0
) -> Offer:
    data = text.encode()
    return Offer(
        tenant=tenant, name="a.txt", data=data, context=CONTEXT, asked=asked or data.hex()[:64], key=key,
        priority=priority,
    )  # fmt: skip


def judged(
    submission: str, action: Action = Action.REVIEW, *, harm: str = "fraud_ai", severity: str = "high"
) -> Judged:
    return Judged(
        id=submission, entry=7, leaf="a" * 64, digest="b" * 64, kind="text", action=action, harm=harm,
        severity=severity, probability=0.9, gaps=0, seconds=0.1,
    )  # fmt: skip


def hand_in(store: Store, *texts: str, tenant: str = "t") -> list[str]:
    """Ids of submissions that wait."""
    done = submissions.accept(store, [offer(text, tenant=tenant) for text in texts], SETTING)
    return [one.id for one in done if isinstance(one, submissions.Accepted)]


def case_of(store: Store, text: str = "hello", *, setting: ServiceSetting = SETTING, **more: str) -> str:
    """The id of the case of a submission that was judged."""
    hand_in(store, text)
    held = submissions.lease(store, "w", 10, setting)
    submissions.complete(store, "w", [judged(one.id, **more) for one in held], setting)
    from brightline.review import cases

    with store.reading() as connection:
        return next(
            c.id for c in cases.queue(connection, "t", count=200) if c.submission in {one.id for one in held}
        )
