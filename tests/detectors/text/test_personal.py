import contextlib
import random
import time
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from brightline.core.errors import DetectorError
from brightline.core.finding import Finding
from brightline.core.subject import Context, Kind, Subject
from brightline.detectors.text import personal

CONTEXT = Context(time="2026-11-23T12:00:00Z")


def findings_of(text: str) -> list[Finding]:
    subject = Subject(digest="0" * 64, size_bytes=len(text), kind=Kind.TEXT, context=CONTEXT, text=text)
    return list(personal.detect(subject))


# Numbers are made up so that their check digits hold, or are the samples of python-stdnum's own documentation.
EXAMPLES = [
    ("身份证号：11010519491231002X", "resident_id", "CN"),
    ("我的身份证是１１０１０５１９４９１２３１００２Ｘ，请查收", "resident_id", "CN"),
    ("姓名王某，身份证 110105 19491231 002X", "resident_id", "CN"),
    ("银行卡号6222020200112233446，开户行工商银行", "bank_card", "CN"),
    ("护照号码E12345678", "passport", "CN"),
    ("SSN: 536-90-4399", "social_security_number", "US"),
    ("My social security number is 536904399.", "social_security_number", "US"),
    ("ITIN 912-90-3456", "taxpayer_id", "US"),
    ("credit card 4539 1488 0343 6467", "payment_card", ""),
    ("IBAN: DE89 3704 0044 0532 0130 00", "iban", ""),
    ("Steuer-ID 36 574 261 809", "tax_id", "DE"),
    ("numéro de sécurité sociale 2 95 10 99 126 111 93", "social_security_number", "FR"),
    ("DNI 54362315K", "national_id", "ES"),
    ("NIE X-2482300-W", "national_id", "ES"),
    ("codice fiscale RCCMNL83S18D969H", "tax_code", "IT"),
    ("BSN 111222333", "citizen_number", "NL"),
    ("rijksregisternummer 85.07.30-033.28", "national_number", "BE"),
    ("PESEL 44051401359", "national_id", "PL"),
    ("personnummer 880320-0016", "personal_number", "SE"),
    ("henkilötunnus 131052-308T", "personal_code", "FI"),
    ("CPR-nummer 211062-5629", "personal_number", "DK"),
    ("SVNR 1237 010180", "social_security_number", "AT"),
    ("PPS number 6433435F", "personal_number", "IE"),
    ("CNP 1630615123457", "national_id", "RO"),
    ("ЕГН 7523169263", "national_id", "BG"),
    ("rodné číslo 710319/2745", "birth_number", "CZ"),
    ("OIB 33392005961", "national_id", "HR"),
    ("isikukood 36805280109", "personal_code", "EE"),
    ("asmens kodas 33309240064", "personal_code", "LT"),
    ("personas kods 161175-19997", "personal_code", "LV"),
    ("AMKA 01013099997", "social_security_number", "GR"),
]


@pytest.mark.parametrize(("text", "kind", "country"), EXAMPLES)
def test_an_identifier_next_to_its_name_is_found_and_masked(text, kind, country):
    found = findings_of(text)
    assert (kind, country) in [(finding.detail("type"), finding.detail("country")) for finding in found]
    assert all(finding.detail("strength") == "named" for finding in found)
    digits = "".join(char for char in text if char.isdigit())
    assert all(digits not in finding.why.en.replace(" ", "") for finding in found)


@pytest.mark.parametrize(
    "text",
    [
        "身份证号：110105194912310021",  # check digit
        "身份证号：11010520991231002X",  # not born yet
        "身份证号：99010519491231002X",  # no such region
        "SSN: 666-90-4399",
        "SSN: 078-05-1120",
        "IBAN: DE88 3704 0044 0532 0130 00",
        "BSN 111222334",
        "order 111222333, PESEL is a Polish number",
        "订单号11010519491231002X",
        "Order no. 4539 1488 0343 6467",
        "ISBN 978-3-16-148410-0",
        "https://example.com/?bsn=111222333",
        "v1.111222333 BSN",
        "$1,234,567.89 on 2026-11-23 at 12:00:00, build 1732363200123",
        "Call +1 415 555 0100 or 010-62345678",
        "统一社会信用代码 91110000600037341L",
    ],
)
def test_other_numbers_are_left_alone(text):
    assert findings_of(text) == []


def test_a_number_without_its_name_counts_only_where_its_shape_is_enough():
    assert findings_of("111222333") == []
    (found,) = findings_of("11010519491231002X")
    assert found.detail("strength") == "shape"


def test_contact_data_counts_only_in_bulk():
    few = ", ".join(f"user{number}@example.com" for number in range(9))
    many = ", ".join(f"user{number}@example.com" for number in range(12))
    assert findings_of(few) == []
    assert [finding.detail("type") for finding in findings_of(many)] == ["email_bulk"]
    phones = "，".join(f"138{number:08d}" for number in range(12))
    assert [finding.detail("type") for finding in findings_of(phones)] == ["phone_bulk"]


def test_one_finding_a_type_with_all_its_places():
    (found,) = findings_of("PESEL 44051401359 and PESEL 44051401359")
    assert [(place.start, place.end) for place in found.where] == [(6, 17), (28, 39)]


@settings(deadline=None)  # the machine is shared
@given(
    st.integers(0, 10**18),
    st.sampled_from(["order {}", "订单号{}", "at {} s", "${}.00", "id={}", "{} items", "#{}"]),
)
def test_no_bare_number_is_a_person(number, frame):
    assert [
        finding for finding in findings_of(frame.format(number)) if finding.detail("type") != "resident_id"
    ] == []


@settings(deadline=None)  # the machine is shared
@given(st.integers(0, 4_000_000_000))
def test_no_time_is_a_person(stamp):
    moment = datetime.fromtimestamp(stamp, UTC)
    shift = timedelta(hours=1)
    text = (
        f"{moment.isoformat()} {stamp} {stamp * 1000} {moment:%Y%m%d%H%M%S} {(moment - shift):%d/%m/%Y %H:%M}"
    )
    assert findings_of(text) == []


@settings(deadline=None)  # the machine is shared
@given(
    st.text(alphabet=st.one_of(st.characters(), st.sampled_from("0123456789 -./XDE身份证BSN")), max_size=150)
)
def test_any_text_gives_findings_whose_places_are_in_it(text):
    for finding in findings_of(text):
        assert all(0 <= place.start < place.end <= len(text) for place in finding.where)


def test_a_million_characters_take_less_than_the_budget():
    choice = random.Random(1)
    for text in (
        "BSN 111222333 " * 71_000,
        "DE89 3704 0044 " * 66_000,
        "1" * 1_000_000,
        "+1 (22) 333 44 " * 66_000,
        " ".join(str(choice.randrange(10**11)) for _ in range(80_000)) + " PESEL BSN OIB 身份证",
    ):
        start = time.process_time()
        with contextlib.suppress(DetectorError):
            findings_of(text)
        assert time.process_time() - start < 2.5


def test_a_region_may_be_younger_than_the_person():
    assert (
        findings_of("身份证号 440306198512120042")[0].detail("type") == "resident_id"
    )  # a district since 1992
    assert findings_of("身份证号 440306-19851212-0042")
    assert not findings_of("身份证号 440306198512120043")  # wrong check digit
    assert not findings_of("身份证号 990306198512120040")  # no such region
