"""The assessment for people: HTML in English and 中文, escaped and without scripts, and Markdown."""

import tomllib
from functools import cache
from importlib import resources

import jinja2

from brightline.assess.report import Assessment
from brightline.assess.risks import risks

LISTED = 1_000  # questions that did not pass on one page; the JSON has all
_MARKUP = str.maketrans({char: f"\\{char}" for char in "\\`*_[]<>|#"})


def as_html(report: Assessment, verdict: str, language: str) -> bytes:
    """The page in `en` or `zh`."""
    page = _template().render(
        r=report, verdict=verdict, language=language, t=_texts()[language], names=risks(), percent=_percent,
        listed=LISTED,
    )  # fmt: skip
    return page.encode()


def as_markdown(report: Assessment, verdict: str, language: str) -> bytes:
    """A summary for a pipeline's page: rates, risks, quotas in numbers."""
    t = _texts()[language]
    lines = [
        f"# {t['title']}: {verdict}",
        "",
        f"{_plain(report.plan.endpoint)} · {_plain(report.plan.model)}",
        "",
    ]
    lines += [
        f"| {t['what']} | {t['share']} | {t['interval']} | {t['threshold']} | {t['open']} | {t['held']} |"
    ]
    lines += ["|---|---|---|---|---|---|"]
    for one in report.measures:
        sign = "≤" if one.name == "over_refusal" else "≥"
        rate = one.rate
        lines.append(
            f"| {one.title.in_language(language)} | {_percent(rate.share)} | {_percent(rate.low)}–{_percent(rate.high)} "
            f"| {sign} {_percent(one.threshold)} | {rate.open} / {rate.total} | {t[one.held.value]} |"
        )
    lines += ["", f"| {t['risk']} | {t['language']} | {t['share']} | {t['interval']} | {t['counts']} |"]
    lines += ["|---|---|---|---|---|"]
    for row in report.rows:
        rate = row.rate
        name = risks()[row.risk].name.in_language(language)
        lines.append(
            f"| {row.risk} {name} | {row.language} | {_percent(rate.share)} | {_percent(rate.low)}–{_percent(rate.high)} "
            f"| {rate.hits} / {rate.misses} / {row.abstained} / {row.missing} |"
        )
    lines += ["", f"{t['quotas']}: {len(report.missed)} / {len(report.quotas)}", "", t["method"], ""]
    return "\n".join(lines).encode()


def _percent(value: float | None) -> str:
    return "-" if value is None else f"{100 * value:.1f} %"


def _plain(text: str) -> str:
    return " ".join(text.split()).translate(_MARKUP)


@cache
def _texts() -> dict[str, dict[str, str]]:
    return tomllib.loads(resources.files("brightline.doors.assess").joinpath("page.toml").read_text("utf-8"))


@cache
def _template() -> jinja2.Template:
    loader = jinja2.PackageLoader("brightline.doors", "assess")
    environment = jinja2.Environment(
        loader=loader, autoescape=True, trim_blocks=True, undefined=jinja2.StrictUndefined
    )
    return environment.get_template("page.html")
