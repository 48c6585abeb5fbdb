"""Personal identifiers by country: how they are written, how they check, and the words that name them.

Check digits are those of `python-stdnum`. Nine to thirteen bare digits with one check digit pass by chance once in
about ten, so such kinds count only next to a word that names them.
"""

from collections.abc import Callable
from datetime import date
from functools import cache
from importlib import import_module

import msgspec
from stdnum import luhn, numdb
from stdnum.cn import ric

FIRST_BIRTH = date(1900, 1, 1)
TAIWAN_PERMIT = "830000"  # residence permits for Taiwan residents, since 2018; not in the list of regions
LAST_BIRTH = date(2040, 1, 1)  # fixed, and not today: a replay must find the same


class Identifier(msgspec.Struct, frozen=True, kw_only=True):
    """One way in which one kind of identifier is written.

    Attributes:
        type: what it is, e.g. `resident_id`.
        country: ISO 3166-1 alpha-2, or empty for identifiers of no one country.
        pattern: RE2 source; word boundaries are added.
        check: whether a match, without spaces, can be one.
        words: RE2 source of words that name it, any of them within 40 characters.
        needs_words: the shape and check digit say too little without such a word.
    """

    type: str
    country: str
    pattern: str
    check: Callable[[str], bool]
    words: str
    needs_words: bool = False


def _stdnum(module: str) -> Callable[[str], bool]:
    """A check of `python-stdnum`, imported when it is first needed."""

    def check(number: str) -> bool:
        return _module_check(module)(number)

    return check


@cache
def _module_check(module: str) -> Callable[[str], bool]:
    is_valid: Callable[[str], bool] = import_module(f"stdnum.{module}").is_valid
    return is_valid


def _is_resident_id(number: str) -> bool:
    """GB 11643: region, date of birth and check digit.

    The region may be younger than the person: it is the one of the day on which the number was first given, often
    at sixteen, and numbers are given since 1984. `stdnum.cn.ric` compares it with the day of birth, so not its check.
    """
    digits = number.replace("-", "")
    try:
        born = date(int(digits[6:10]), int(digits[10:12]), int(digits[12:14]))
    except ValueError:
        return False
    is_region = digits[:6] == TAIWAN_PERMIT or any(
        "county" in facts for _, facts in _regions().info(digits[:6])
    )
    return (
        FIRST_BIRTH <= born <= LAST_BIRTH and is_region and ric.calc_check_digit(digits) == digits[-1].upper()
    )


@cache
def _regions() -> numdb.NumDB:
    return numdb.get("cn/loc")


def _is_card(number: str) -> bool:
    """ISO/IEC 7812 check digit; numbers of three digits or fewer are the samples that every manual prints."""
    digits = number.replace("-", "")
    return len(set(digits)) > 3 and bool(luhn.is_valid(digits))


def _is_ssn(number: str) -> bool:
    """Area, group and serial rules, without the numbers that were printed on sample cards."""
    digits = number.replace("-", "")
    return len(set(digits)) > 2 and _module_check("us.ssn")(digits)


def _is_date_and_serial(number: str) -> bool:
    """DDMMYY-SSSS of Denmark, whose check digit is no longer issued (CPR office, 2007)."""
    day, month = int(number[:2]), int(number[2:4])
    return 1 <= day <= 31 and 1 <= month <= 12 and number[-4:] != "0000"


def _is_passport(number: str) -> bool:
    return len(set(number[-7:])) > 2


_CARD_WORDS = r"card|visa|mastercard|amex|credit|debit|karte|carte|tarjeta|carta|卡号|银行卡|信用卡|储蓄卡|借记卡|账号|帐号|账户"
_SSN_WORDS = r"\bssn\b|social security|\bss ?#|社会安全号|社保号"

IDENTIFIERS: tuple[Identifier, ...] = (
    Identifier(type="resident_id", country="CN", words=r"身份证|证件号|公民身份|id (?:card|number)|resident id",
               pattern=r"[1-9][0-9]{5}[ \-]?(?:19|20)[0-9]{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])[ \-]?[0-9]{3}[0-9Xx]",
               check=_is_resident_id),
    Identifier(type="bank_card", country="CN", words=_CARD_WORDS, needs_words=True,
               pattern=r"62[0-9]{2}(?: ?[0-9]{4}){3}(?: ?[0-9]{1,3})?", check=_is_card),
    Identifier(type="passport", country="CN", words=r"护照|通行证|passport", needs_words=True,
               pattern=r"(?:E[A-HJ-NP-Z]?|[GDSPH])[0-9]{7,8}", check=_is_passport),
    Identifier(type="social_security_number", country="US", words=_SSN_WORDS,
               pattern=r"[0-9]{3}-[0-9]{2}-[0-9]{4}", check=_is_ssn),
    Identifier(type="social_security_number", country="US", words=_SSN_WORDS, needs_words=True,
               pattern=r"[0-9]{9}|[0-9]{3} [0-9]{2} [0-9]{4}", check=_is_ssn),
    Identifier(type="taxpayer_id", country="US", words=r"\bitin\b|taxpayer", needs_words=True,
               pattern=r"9[0-9]{2}-?[0-9]{2}-?[0-9]{4}", check=_stdnum("us.itin")),
    Identifier(type="payment_card", country="", words=_CARD_WORDS, check=_is_card,
               pattern=r"(?:4[0-9]{3}|5[1-5][0-9]{2}|2[2-7][0-9]{2}|6011|65[0-9]{2}|35[2-8][0-9])(?:[ \-][0-9]{4}){3}"
                       r"|3[47][0-9]{2}[ \-][0-9]{6}[ \-][0-9]{5}"),
    Identifier(type="payment_card", country="", words=_CARD_WORDS, check=_is_card, needs_words=True,
               pattern=r"(?:4[0-9]{3}|5[1-5][0-9]{2}|2[2-7][0-9]{2}|6011|65[0-9]{2}|35[2-8][0-9])[0-9]{12}"
                       r"|3[47][0-9]{13}"),
    Identifier(type="iban", country="", words=r"iban|konto|compte|cuenta|conto|rekening|bank",
               pattern=r"[A-Z]{2}[0-9]{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,4})?", check=_stdnum("iban")),
    Identifier(type="tax_id", country="DE", words=r"steuer-?id|steueridentifikation|idnr|identifikationsnummer",
               needs_words=True, pattern=r"[1-9][0-9](?: ?[0-9]{3}){3}", check=_stdnum("de.idnr")),
    Identifier(type="social_security_number", country="FR", words=r"\bnir\b|s[ée]curit[ée] sociale|insee|num[ée]ro de s",
               pattern=r"[12] [0-9]{2} (?:0[1-9]|1[0-2]) (?:[0-9]{2}|2[AB]) [0-9]{3} [0-9]{3} [0-9]{2}",
               check=_stdnum("fr.nir")),
    Identifier(type="social_security_number", country="FR", words=r"\bnir\b|s[ée]curit[ée] sociale|insee|num[ée]ro de s",
               needs_words=True, pattern=r"[12][0-9]{2}(?:0[1-9]|1[0-2])(?:[0-9]{2}|2[AB])[0-9]{8}",
               check=_stdnum("fr.nir")),
    Identifier(type="national_id", country="ES", words=r"\b(?:dni|nif|nie)\b|documento nacional|identidad",
               needs_words=True, pattern=r"[0-9]{8}-?[A-Z]", check=_stdnum("es.dni")),
    Identifier(type="national_id", country="ES", words=r"\b(?:dni|nif|nie)\b|extranjero", needs_words=True,
               pattern=r"[XYZ]-?[0-9]{7}-?[A-Z]", check=_stdnum("es.nie")),
    Identifier(type="tax_code", country="IT", words=r"codice fiscale|\bc\.?f\.?\b",
               pattern=r"[A-Z]{6}[0-9]{2}[A-EHLMPRST][0-9]{2}[A-Z][0-9]{3}[A-Z]", check=_stdnum("it.codicefiscale")),
    Identifier(type="citizen_number", country="NL", words=r"\bbsn\b|burgerservice|sofi", needs_words=True,
               pattern=r"[0-9]{9}|[0-9]{4}\.[0-9]{2}\.[0-9]{3}", check=_stdnum("nl.bsn")),
    Identifier(type="national_number", country="BE", words=r"rijksregister|registre national|national number|\binsz\b",
               pattern=r"[0-9]{2}\.[0-9]{2}\.[0-9]{2}-[0-9]{3}\.[0-9]{2}", check=_stdnum("be.nn")),
    Identifier(type="national_number", country="BE", words=r"rijksregister|registre national|national number|\binsz\b",
               needs_words=True, pattern=r"[0-9]{11}", check=_stdnum("be.nn")),
    Identifier(type="national_id", country="PL", words=r"\bpesel\b", needs_words=True, pattern=r"[0-9]{11}",
               check=_stdnum("pl.pesel")),
    Identifier(type="personal_number", country="SE", words=r"personnummer|\bpnr\b|samordning", needs_words=True,
               pattern=r"(?:19|20)?[0-9]{6}[\-+]?[0-9]{4}", check=_stdnum("se.personnummer")),
    Identifier(type="personal_code", country="FI", words=r"henkil[öo]tunnus|hetu|personbeteckning",
               pattern=r"[0-3][0-9][01][0-9]{3}[\-+A-FU-Y][0-9]{3}[0-9A-FHJ-NPR-Y]", check=_stdnum("fi.hetu")),
    Identifier(type="personal_number", country="DK", words=r"\bcpr\b|personnummer", needs_words=True,
               pattern=r"[0-3][0-9][01][0-9]{3}-?[0-9]{4}", check=_is_date_and_serial),
    Identifier(type="social_security_number", country="AT", words=r"sozialversicherung|\bsvnr\b|sv-n", needs_words=True,
               pattern=r"[0-9]{4} ?[0-9]{6}", check=_stdnum("at.vnr")),
    Identifier(type="personal_number", country="IE", words=r"\bpps\b|\bppsn\b", needs_words=True,
               pattern=r"[0-9]{7}[A-W][A-IW]?", check=_stdnum("ie.pps")),
    Identifier(type="tax_id", country="PT", words=r"\bnif\b|contribuinte", needs_words=True, pattern=r"[0-9]{9}",
               check=_stdnum("pt.nif")),
    Identifier(type="national_id", country="PT", words=r"cart[ãa]o (?:de |do )?cidad", needs_words=True,
               pattern=r"[0-9]{8} ?[0-9] ?[A-Z0-9]{2}[0-9]", check=_stdnum("pt.cc")),
    Identifier(type="national_id", country="RO", words=r"\bcnp\b|cod numeric", needs_words=True,
               pattern=r"[1-9][0-9]{12}", check=_stdnum("ro.cnp")),
    Identifier(type="national_id", country="BG", words=r"\begn\b|егн|единен граждански", needs_words=True,
               pattern=r"[0-9]{10}", check=_stdnum("bg.egn")),
    Identifier(type="birth_number", country="CZ", words=r"rodn[ée] [čc][íi]slo|\br\.? ?[čc]\.", needs_words=True,
               pattern=r"[0-9]{6}/?[0-9]{3,4}", check=_stdnum("cz.rc")),
    Identifier(type="national_id", country="HR", words=r"\boib\b", needs_words=True, pattern=r"[0-9]{11}",
               check=_stdnum("hr.oib")),
    Identifier(type="personal_code", country="EE", words=r"isikukood", needs_words=True, pattern=r"[1-8][0-9]{10}",
               check=_stdnum("ee.ik")),
    Identifier(type="personal_code", country="LT", words=r"asmens kod", needs_words=True, pattern=r"[1-6][0-9]{10}",
               check=_stdnum("lt.asmens")),
    Identifier(type="personal_code", country="LV", words=r"personas kod", needs_words=True,
               pattern=r"[0-9]{6}-?[0-9]{5}", check=_stdnum("lv.pvn")),
    Identifier(type="social_security_number", country="GR", words=r"\bamka\b|αμκα", needs_words=True,
               pattern=r"[0-9]{11}", check=_stdnum("gr.amka")),
    Identifier(type="citizen_number", country="SI", words=r"\bem[šs]o\b", needs_words=True, pattern=r"[0-9]{13}",
               check=_stdnum("si.emso")),
)  # fmt: skip
