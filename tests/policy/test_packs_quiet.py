"""Ordinary content passes all shipped packs together; what nobody looked at does not."""

import pytest
from shipped_packs import ALL, TIMES, WHY, examined, found, mark, matched, with_context

from brightline.core.decision import Action, AigcStatus
from brightline.core.finding import Basis, Examination
from brightline.core.harm import Harm
from brightline.core.subject import Audience, Context, Declaration, Facts, Gap, GapKind, Kind, Role

CLEAN_IMAGE = (
    mark("not_found"),
    found("origin.c2pa", present="no", trust_list="c2pa/2026-11", detector="provenance.c2pa"),
)
CLEAN_TEXT = (found("mark.explicit", verdict="not_found"),)
CLEAN_MAIL = (
    found("mail.authentication", Basis.DECLARED, dkim="pass", spf="pass", dmarc="pass"),
    found("link.mismatch", kind="tracking", host="click.news.example", shown="news.example"),
    found("link.obscured", kind="shortener", host="short.example"),
    found("text.hidden", Basis.ESTIMATE, 0.5, kind="padding"),
    found("mark.explicit", part="0", verdict="not_found"),
)
ORDINARY: dict[str, Examination] = {
    "text": examined(Kind.TEXT, *CLEAN_TEXT),
    "article": examined(Kind.MARKDOWN, mark("not_found"), *CLEAN_TEXT),
    "photograph": examined(Kind.JPEG, *CLEAN_IMAGE),
    "drawing": examined(Kind.PNG, *CLEAN_IMAGE),
    "animation": examined(Kind.GIF, *CLEAN_IMAGE),
    "signed photograph": examined(
        Kind.JPEG,
        mark("not_found"),
        found(
            "origin.c2pa", present="yes", integrity="intact", trust="trusted", source_type="digitalCapture"
        ),
    ),
    "photograph of an unknown signer": examined(
        Kind.JPEG,
        mark("not_found"),
        found(
            "origin.c2pa",
            Basis.DECLARED,
            present="yes",
            integrity="intact",
            trust="untrusted",
            time="claimed",
        ),
    ),
    "photograph that a detector takes for half synthetic": examined(
        Kind.JPEG, *CLEAN_IMAGE, found("synthetic.image", Basis.ESTIMATE, 0.55, Harm.UNLABELLED_AIGC)
    ),
    "essay in a style that detectors dislike": examined(
        Kind.TEXT, *CLEAN_TEXT, found("synthetic.text", Basis.ESTIMATE, 0.7, Harm.UNLABELLED_AIGC)
    ),
    "newsletter": examined(Kind.EMAIL, *CLEAN_MAIL),
    "mail with a picture": examined(
        Kind.EMAIL,
        *CLEAN_MAIL,
        mark("not_found", part="1"),
        found("origin.c2pa", part="1", present="no"),
        parts=(
            Facts(digest="11" * 32, size_bytes=9, kind=Kind.TEXT, role=Role.BODY),
            Facts(digest="22" * 32, size_bytes=9, kind=Kind.PNG, role=Role.ATTACHMENT),
        ),
    ),
    "mail of a small firm": examined(
        Kind.EMAIL,
        found("mail.authentication", Basis.DECLARED, verdict="not_found"),
        found("mail.sender_mismatch", Basis.ESTIMATE, 0.5, Harm.FRAUD_AI, kind="freemail_company"),
        found("mail.sender_mismatch", kind="return_path"),
        found("mail.headers", kind="date_odd"),
    ),
    "invoice kept inside": examined(
        Kind.PDF,
        mark("not_found"),
        found("personal.id", Basis.ESTIMATE, 0.5, Harm.PERSONAL_DATA, type="iban", country="DE"),
    ),
    "photograph of a camera": examined(
        Kind.JPEG,
        *CLEAN_IMAGE,
        found(
            "origin.trace", Basis.DECLARED, found="yes", camera="Example X100", source_type="digitalCapture"
        ),
        found("known.not_compared", method="pdq"),
    ),
    "known and vouched for": examined(
        Kind.JPEG, *CLEAN_IMAGE, found("known.allowed", Basis.MATCH, bank="press")
    ),
    "number that is no identifier": examined(
        Kind.TEXT,
        found("personal.id", Basis.ESTIMATE, 0.3, Harm.PERSONAL_DATA, type="resident_id", country="CN"),
    ),
    "weights": examined(Kind.SAFETENSORS),
    "recording": examined(Kind.WAV, mark("not_found"), found("origin.c2pa", present="no")),
    "table": examined(Kind.CSV),
    "empty file": examined(Kind.EMPTY),
}


@pytest.mark.parametrize("audience", Audience)
@pytest.mark.parametrize("time", TIMES)
@pytest.mark.parametrize("name", ORDINARY)
def test_ordinary_content_is_allowed_under_all_packs_together(
    name: str, time: str, audience: Audience
) -> None:
    subject = ORDINARY[name]
    for channel in ("cli", "upload", "mail"):
        context = Context(channel=channel, audience=audience, declared=Declaration.NONE, time=time)
        decision = ALL.decide(with_context(subject, context))
        assert matched(decision) == set()
        assert decision.action is Action.ALLOW
        assert decision.aigc is AigcStatus.NONE


def test_a_picture_whose_mark_nobody_looked_for_is_not_clean() -> None:
    decision = ALL.decide(examined(Kind.PNG, CLEAN_IMAGE[1]))
    assert decision.action is Action.REVIEW


def test_a_gap_alone_asks_for_a_person() -> None:
    gap = Gap(source="intake", kind=GapKind.ENCRYPTED, why=WHY)
    decision = ALL.decide(examined(Kind.TEXT, *CLEAN_TEXT, gaps=(gap,)))
    assert decision.action is Action.REVIEW
