"""Make the numbers of the cards of the text and message detectors.

    python benchmarks/measure_detectors.py --data DIR [--detector NAME]

DIR holds `text/*.jsonl.xz` (JSON lines: text, label, src). For each detector and each kind of its claims, this prints
how many texts of each source it fires on, and the probability for the card: precision at equal priors,
TPR / (TPR + FPR), with the lower 95 % Wilson bound of the one and the upper bound of the other, and the least value
that is left when any one source is held out.
"""

import argparse
import json
import lzma
import math
import random
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from brightline.core.finding import Finding
from brightline.core.subject import Context, Kind, Subject
from brightline.detectors.message import links
from brightline.detectors.message.addresses import find_addresses, read_address
from brightline.detectors.message.imitation import brands
from brightline.detectors.text import identifiers, personal, unicode

FILES = ("scam_en_train", "scam_zh_train", "ai_en_train", "ai_zh_train", "rumor_zh_train_weibo21")
HITS_MIN = 10  # hits that a rate is made from
Z = 1.96  # 95 %, two-sided
SEED = 2026
CONTEXT = Context(time="2026-11-23T12:00:00Z")
LOOK_ALIKES = str.maketrans("aeopcxy", "аеорсху")  # Latin to Cyrillic
INVISIBLE = ("\u200b", "\u200c", "\u2060", "\u00ad")


class Sample(NamedTuple):
    """One text: what it is, and where it comes from."""

    text: str
    is_positive: bool
    source: str


class Rate(NamedTuple):
    """How many texts a kind of finding fires on."""

    fired: int
    texts: int


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--data", type=Path, required=True)
    options.add_argument("--hosts", type=Path, help="further honest host names, one a line")
    options.add_argument("--detector", choices=("text.unicode", "message.links", "text.personal"))
    chosen = options.parse_args()
    texts = list(read(chosen.data))
    jobs: dict[str, tuple[Callable[[Subject], Iterable[Finding]], list[Sample]]] = {
        "text.unicode": (unicode.detect, texts),
        "text.unicode, disguised": (unicode.detect, plain(texts) + list(disguised(texts))),
        "message.links": (links.detect, texts),
        "message.links, hosts": (
            links.detect,
            list(honest_hosts(texts, chosen.hosts)) + list(made_up_hosts()),
        ),
        "text.personal": (personal.detect, plain(texts) + list(personal_samples()) + list(distractors())),
    }
    for name, (detect, samples) in jobs.items():
        if chosen.detector in (None, name.partition(",")[0]):
            measure(name, detect, samples)


def read(folder: Path) -> Iterator[Sample]:
    """Fraud is positive; ordinary messages and texts by people are negative; texts by machines are left out."""
    for file in FILES:
        with lzma.open(folder / "text" / f"{file}.jsonl.xz", "rt", encoding="utf-8") as lines:
            for line in lines:
                row = json.loads(line)
                if not file.startswith("ai_") or row["label"] == 0:
                    is_fraud = file.startswith("scam") and row["label"] == 1
                    yield Sample(row["text"], is_fraud, f"{'+' if is_fraud else '-'}{row['src']}")


def plain(texts: Iterable[Sample]) -> list[Sample]:
    """Only the negatives."""
    return [sample for sample in texts if not sample.is_positive]


def measure(name: str, detect: Callable[[Subject], Iterable[Finding]], samples: list[Sample]) -> None:
    """Run one detector over all samples and print its table."""
    fired: dict[str, Counter[str]] = defaultdict(Counter)
    totals = Counter(sample.source for sample in samples)
    start = time.perf_counter()
    for sample in samples:
        findings = list(detect(subject_of(sample.text)))
        for kind in {kind_of(finding) for finding in findings} | {finding.claim for finding in findings}:
            fired[kind][sample.source] += 1
    seconds = time.perf_counter() - start
    print(f"\n{name}: {len(samples)} texts, {len(samples) / seconds:,.0f} texts/s on one core")
    positive = {sample.source for sample in samples if sample.is_positive}
    print("  texts: " + ", ".join(f"{source} {count}" for source, count in sorted(totals.items())))
    for kind, counts in sorted(fired.items()):
        show(kind, counts, totals, positive)


def kind_of(finding: Finding) -> str:
    """What a probability is held by: claim and kind, or the strength of an identifier."""
    return f"{finding.claim}/{finding.detail('strength') or finding.detail('kind')}"


def show(kind: str, counts: Counter[str], totals: Counter[str], positive: set[str]) -> None:
    """One line for a kind: rate by source, false alarms per 1,000, and the probability for the card."""
    negative = set(totals) - positive
    false = sum(counts[source] for source in negative)
    rate = 1000 * false / sum(totals[source] for source in negative)
    places = ", ".join(f"{source} {count}/{totals[source]}" for source, count in sorted(counts.items()))
    worst = min(held_out(counts, totals, positive, negative))
    print(f"  {kind:38s} p={worst:.2f}  {rate:.3f} false/1000  {places}")


def held_out(
    counts: Counter[str], totals: Counter[str], positive: set[str], negative: set[str]
) -> Iterator[float]:
    """The bound with all sources, and with each one left out that is not the only one of its side."""
    for without in (None, *positive, *negative):
        kept_positive, kept_negative = positive - {without}, negative - {without}
        if kept_positive and kept_negative:
            hit = pooled(counts, totals, kept_positive)
            false = pooled(counts, totals, kept_negative)
            if without in positive and hit.fired < HITS_MIN:
                continue  # the positives came from the source left out: nothing to transfer from
            yield precision(hit, false)


def pooled(counts: Counter[str], totals: Counter[str], sources: set[str]) -> Rate:
    """All sources of one side taken together."""
    return Rate(sum(counts[source] for source in sources), sum(totals[source] for source in sources))


def precision(hit: Rate, false: Rate) -> float:
    """Conservative precision at equal priors."""
    low, high = wilson(hit)[0], wilson(false)[1]
    return low / (low + high) if low + high else 0.0


def wilson(rate: Rate) -> tuple[float, float]:
    """95 % interval of a proportion (Wilson, 1927)."""
    if rate.texts == 0:
        return 0.0, 1.0
    share, spread = rate.fired / rate.texts, Z * Z / rate.texts
    middle = share + spread / 2
    half = Z * math.sqrt(share * (1 - share) / rate.texts + spread / rate.texts / 4)
    return max(0.0, (middle - half) / (1 + spread)), (middle + half) / (1 + spread)


def disguised(texts: list[Sample]) -> Iterator[Sample]:
    """Ordinary texts with the disguises put in: known positives for characters, whatever the text says."""
    choice = random.Random(SEED)
    pool = [sample.text for sample in plain(texts) if sum(map(str.isascii, sample.text)) > 80]
    for text in choice.sample(pool, 1000):
        words = text.split()
        places = choice.sample(range(len(words)), min(len(words), 5))
        disguise = choice.choice((_mixed, _split))
        for place in places:
            words[place] = disguise(words[place], choice)
        yield Sample(" ".join(words), True, f"+synthetic{disguise.__name__}")


def _mixed(word: str, _: random.Random) -> str:
    half = len(word) // 2 + 1
    return word[:half].translate(LOOK_ALIKES) + word[half:]


def _split(word: str, choice: random.Random) -> str:
    return choice.choice(INVISIBLE[:3]).join(word)


def honest_hosts(texts: list[Sample], listed: Path | None) -> Iterator[Sample]:
    """Different hosts that ordinary texts name, and those of a list."""
    named = (read_address(raw) for sample in plain(texts) for raw, _ in find_addresses(sample.text))
    for host in sorted({address.host for address in named if address is not None and not address.is_ip}):
        yield Sample(f"http://{host}/", False, "-hosts in ordinary texts")
    for host in sorted(set(listed.read_text("utf-8").split())) if listed is not None else ():
        yield Sample(f"http://{host}/", False, "-hosts of the list")


def made_up_hosts() -> Iterator[Sample]:
    """Imitations of each brand in each way, made by rules that know nothing of the detector."""
    choice = random.Random(SEED)
    for brand in brands():
        domain = brand.domains[0]
        label, _, ending = domain.partition(".")
        if len(label) < 4:
            continue
        place = choice.randrange(1, len(label) - 1)
        slip = choice.choice(
            (label[:place] + label[place + 1 :], label[:place] + label[place] + label[place:])
        )
        yield Sample(f"http://{label.translate(LOOK_ALIKES)}.{ending}/", True, "+homograph")
        if (swapped := label.replace("o", "0").replace("l", "1").replace("i", "1")) != label:
            yield Sample(f"http://{swapped}.{ending}/", True, "+digits")
        yield Sample(f"http://{slip}.{ending}/", True, "+typo")
        yield Sample(f"http://{label}-{choice.choice(('login', 'support', 'help'))}.com/", True, "+compound")
        yield Sample(f"http://{domain}.session{choice.randrange(99)}.test/", True, "+subdomain")
        yield Sample(f"https://{domain}@host{choice.randrange(99)}.test/", True, "+user")


def distractors() -> Iterator[Sample]:
    """Numbers that are no person's: orders, times, prices, books, versions, addresses."""
    choice = random.Random(SEED)

    def digits(count: int) -> str:
        return "".join(choice.choice("0123456789") for _ in range(count))

    for _ in range(1000):
        yield Sample(f"Order {digits(9)} ships with tracking {digits(16)}.", False, "-orders")
        yield Sample(f"订单号{digits(18)}已发货，运单号{digits(13)}。", False, "-orders zh")
        yield Sample(
            f"At {digits(10)} the log said {digits(13)}: {digits(4)}-{digits(2)}-{digits(2)}", False, "-times"
        )
        yield Sample(f"${digits(1)},{digits(3)}.{digits(2)} for {digits(11)} shares", False, "-prices")
        yield Sample(f"ISBN 978-{digits(1)}-{digits(2)}-{digits(6)}-{digits(1)}", False, "-books")
        yield Sample(f"see https://example.com/?id={digits(11)}&v={digits(9)}", False, "-addresses")
        yield Sample(f"build {digits(4)} {digits(4)} {digits(4)} {digits(4)}", False, "-groups of four")


# How made-up identifiers are written: a word that names them, and a form (9 a digit, A a letter, the rest as it is).
FORMS: dict[tuple[str, str], tuple[str, str]] = {
    ("resident_id", "CN"): ("身份证号", "110105199999999999"),
    ("bank_card", "CN"): ("银行卡号", "6222999999999999999"),
    ("passport", "CN"): ("护照号", "E99999999"),
    ("social_security_number", "US"): ("SSN", "999-99-9999"),
    ("taxpayer_id", "US"): ("ITIN", "999-79-9999"),
    ("payment_card", ""): ("credit card", "4999 9999 9999 9999"),
    ("iban", ""): ("IBAN", "DE99999999999999999999"),
    ("tax_id", "DE"): ("Steuer-ID", "99999999999"),
    ("social_security_number", "FR"): ("numéro de sécurité sociale", "1 99 05 75 999 999 99"),
    ("national_id", "ES"): ("DNI", "99999999A"),
    ("tax_code", "IT"): ("codice fiscale", "AAAAAA85T10A999A"),
    ("citizen_number", "NL"): ("BSN", "999999999"),
    ("national_number", "BE"): ("rijksregisternummer", "99.05.19-999.99"),
    ("national_id", "PL"): ("PESEL", "99051999999"),
    ("personal_number", "SE"): ("personnummer", "990519-9999"),
    ("personal_code", "FI"): ("henkilötunnus", "190599-999A"),
    ("personal_number", "DK"): ("CPR", "190599-9999"),
    ("social_security_number", "AT"): ("SVNR", "9999190599"),
    ("personal_number", "IE"): ("PPS", "9999999A"),
    ("tax_id", "PT"): ("contribuinte", "999999999"),
    ("national_id", "RO"): ("CNP", "1990519999999"),
    ("national_id", "BG"): ("ЕГН", "9905199999"),
    ("birth_number", "CZ"): ("rodné číslo", "990519/9999"),
    ("national_id", "HR"): ("OIB", "99999999999"),
    ("personal_code", "EE"): ("isikukood", "39905199999"),
    ("personal_code", "LT"): ("asmens kodas", "39905199999"),
    ("personal_code", "LV"): ("personas kods", "190599-99999"),
    ("social_security_number", "GR"): ("AMKA", "19059999999"),
    ("citizen_number", "SI"): ("EMŠO", "1905999599999"),
}
TRIES = 20_000  # random fillings of a form before we give up on its check digits
MADE_EACH = 50  # made-up identifiers of each kind, with a word and without


def personal_samples() -> Iterator[Sample]:
    """Made-up identifiers of every kind in a sentence, with and without the word that names them."""
    choice = random.Random(SEED)
    for (kind, country), (word, form) in FORMS.items():
        rules = [rule for rule in identifiers.IDENTIFIERS if (rule.type, rule.country) == (kind, country)]
        for _ in range(MADE_EACH):
            number = made_up(form, rules, choice)
            yield Sample(f"{word}: {number}", True, f"+named:{country}:{kind}")
            if any(not rule.needs_words and rule.check(number.replace(" ", "")) for rule in rules):
                yield Sample(f"{number}", True, f"+shape:{country}:{kind}")


def made_up(form: str, rules: list[identifiers.Identifier], choice: random.Random) -> str:
    """A random filling of a form whose check digits hold."""
    letters = "ABCDEFGHJKLMNPRSTUVWXYZ"
    for _ in range(TRIES):
        filled = [
            choice.choice("0123456789" if sign == "9" else letters) if sign in "9A" else sign for sign in form
        ]
        number = "".join(filled)
        if any(rule.check(number.replace(" ", "")) for rule in rules):
            return number
    raise ValueError(f"no filling of `{form}` holds")


def subject_of(text: str) -> Subject:
    """A text as intake would give it."""
    return Subject(digest="0" * 64, size_bytes=len(text), kind=Kind.TEXT, context=CONTEXT, text=text)


if __name__ == "__main__":
    main()
