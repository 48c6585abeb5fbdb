"""The tables of `[exchange]` in brightline.toml: what is listed, how streams are held, what answers carry, who is suspended."""

from enum import StrEnum

import msgspec

from brightline.core.harm import Harm

WORDS_LIMIT = 5_000  # entries of all lists together; each costs memory in the machine that finds them (count)


class WordsSetting(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One list of words that you want to know of; what becomes of them the policy says by the list's name.

    Attributes:
        name: how findings call the list, detail `list`.
        words: words and phrases, found in any disguise, whole where they begin and end in Latin letters or digits.
        patterns: regular expressions of the small language that docs/guides/gateway.md describes.
        harm: the misuse code that a hit warns of; empty for none.
    """

    name: str
    words: tuple[str, ...] = ()
    patterns: tuple[str, ...] = ()
    harm: Harm | None = None


class Hold(StrEnum):
    """How long words of a stream wait."""

    WINDOW = "window"  # until their sentence and a margin behind it are judged
    ANSWER = "answer"  # until the whole answer is judged: nothing that only the whole shows goes out in part


class LabelPlace(StrEnum):
    """Where an answer says that AI made it."""

    NONE = "none"
    START = "start"
    END = "end"


class MarksSetting(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What answers carry of their origin, for keys whose answers are for the public.

    Attributes:
        text: a label in the text of answers (GB 45438-2025 5.1): `none`, `start` or `end`; where your interface shows
            one all the time, `none` is right, and the header `X-Brightline-Notice` tells it to.
        files: pictures and sounds in answers are marked as `brightline mark` does; one that cannot be is held.
        disclosure: the first answer of a conversation begins with the notice that AI speaks (AI Act 50(1)).
        reminder_minutes: of one person's talking, after which an answer reminds them that it is AI; companion services
            in China have 120 (Measures on anthropomorphic interaction, Art. 18); 0 never.
        sources: an answer to a prompt with retrieved documents must name a source with its link.
    """

    text: LabelPlace = LabelPlace.NONE
    files: bool = False
    disclosure: bool = False
    reminder_minutes: int = 0
    sources: bool = False


class SuspendSetting(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """When a caller whose prompts are blocked again and again has to wait.

    Attributes:
        in_a_row: blocked prompts without one between that passes; 0 counts none.
        a_day: blocked prompts in a day, UTC; 0 counts none.
        minutes: that the caller then waits.
    """

    in_a_row: int = 3
    a_day: int = 5
    minutes: int = 60


class ExchangeSetting(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is done with what callers and models say to each other.

    Attributes:
        words: lists of words that you want to know of.
        hold: how long words of a stream wait, `window` or `answer`.
        safer_model: the model, as callers would call it, that answers where a rule's remedy says so; empty: it is refused.
        marks: what answers carry of their origin.
        suspend: when a caller has to wait.
    """

    words: tuple[WordsSetting, ...] = ()
    hold: Hold = Hold.WINDOW
    safer_model: str = ""
    marks: MarksSetting = MarksSetting()
    suspend: SuspendSetting = SuspendSetting()


def fault_of_exchange(setting: ExchangeSetting) -> str:
    """What is wrong with the tables beyond their types, as one line; empty when nothing is."""
    names = [one.name for one in setting.words]
    if len({*names}) < len(names) or "" in names:
        return "lists in `exchange.words` need names of their own"
    if sum(len(one.words) + len(one.patterns) for one in setting.words) > WORDS_LIMIT:
        return f"`exchange.words` has more than {WORDS_LIMIT} entries"
    numbers = (
        *(getattr(setting.suspend, name) for name in SuspendSetting.__struct_fields__),
        setting.marks.reminder_minutes,
    )
    if min(numbers) < 0:
        return "numbers in `exchange.suspend` and `exchange.marks` are 0 or more"
    return ""
