"""Write docs/reference/harms.md from the shipped list of harms; run it after editing policies/harms.yaml."""

from pathlib import Path

from brightline.policy.harms import Crosswalk, Dsa, shipped_harms

PAGE = Path(__file__).parent / "reference" / "harms.md"

HEAD = """\
# Harms

Every finding that warns of something carries one of these codes (`brightline.core.harm.Harm`). This page is written by
`docs/make_harms.py` from `src/brightline/policies/harms.yaml`; edit that file and run the script. The other lists
read as stated on {as_of}. A dash says that a list has no row for the misuse.
"""


def page() -> str:
    """The whole page in Markdown: one table of words, one table of the crosswalk."""
    harms = shipped_harms()
    return "\n".join(
        (
            HEAD.format(as_of=harms.as_of.isoformat()),
            "## Words\n",
            "| code | English | 中文 | what it is | 释义 |",
            "|---|---|---|---|---|",
            *(_words_row(row) for row in harms.harms),
            "\n## Crosswalk\n",
            "| code | Qinglang 2025 | Qinglang 2026 | GB/T 45654 | DSA database | ATLAS 5.6 | NIST AI 600-1 | OWASP LLM |",
            "|---|---|---|---|---|---|---|---|",
            *(_crosswalk_row(row) for row in harms.harms),
            "",
        )
    )


def _words_row(row: Crosswalk) -> str:
    cells = (f"`{row.code}`", row.words.en, row.words.zh, row.definition.en, row.definition.zh)
    return f"| {' | '.join(cells)} |"


def _crosswalk_row(row: Crosswalk) -> str:
    lists = (row.qinglang_2025, row.qinglang_2026, row.gb_45654)
    after = (row.atlas, row.nist_600_1, row.owasp_llm)
    cells = (*map(_cell, lists), _dsa_cell(row.dsa), *map(_cell, after))
    return f"| `{row.code}` | {' | '.join(cells)} |"


def _dsa_cell(dsa: Dsa) -> str:
    names = [name for category in dsa.categories for name in (category.category, *category.keywords)]
    return _cell((*names, *(name for name in (dsa.visibility, dsa.content_type) if name)))


def _cell(values: tuple[str, ...]) -> str:
    return "<br>".join(values) or "-"


if __name__ == "__main__":
    PAGE.parent.mkdir(exist_ok=True)
    PAGE.write_text(page(), "utf-8")
