"""Random well-typed expressions of the language, as text."""

from collections.abc import Callable

import hypothesis.strategies as st
from policy_parts import CLAIMS, KEYS, VALUES

Draw = Callable[..., str]
INTS = ("0", "1", "2", "-1", "3", "7", "0x10", "9223372036854775807", "-9223372036854775808")
DOUBLES = ("0.0", "0.5", "1.0", "-1.5", "2.5e3", ".25", "1e300")
STRINGS = (*(repr(text) for text in (*CLAIMS, *VALUES, "a'b")), '"a\\tb"', "r'\\d+'", "'\\u58f0'")
PATTERNS = ("'^a'", "r'\\d+'", "'声|mark'", "'(?i)NOT'", "''")
LOCALS = ("f", "g", "h")
ORDER = ("<", "<=", ">", ">=")


@st.composite
def conditions(draw: st.DrawFn, depth: int = 3) -> str:
    """A random bool expression."""
    return Writer(draw).bool(depth, ())


def pointed(draw: st.DrawFn) -> str:
    """What rules really ask of a finding; it fails for a finding without the detail."""
    key, value = draw(st.sampled_from(KEYS)), draw(st.sampled_from(VALUES))
    asked = draw(st.sampled_from([f"f.details['{key}'] == {value!r}", f"int(f.details['{key}']) >= 0"]))
    return draw(
        st.sampled_from([asked, f"f.claim == '{CLAIMS[0]}' && {asked}", f"{asked} || f.probability > 0.5"])
    )


@st.composite
def growing(draw: st.DrawFn, depth: int = 2) -> str:
    """A random bool expression that grows with findings and gaps (or is refused for another reason)."""

    def write(depth: int) -> str:
        kinds = ["exists", "exists", "count", "constant", "member"] + ["and", "or", "or"] * (depth > 0)
        record = draw(st.sampled_from(["finding", "finding", "gap"]))
        base = "findings" if record == "finding" else "gaps"
        body = Writer(draw, walks=False).bool(depth, (("f", record),))
        if record == "finding" and draw(st.booleans()):
            body = pointed(draw)
        guarded = Writer(draw, walks=False, fails=False).bool(depth, (("f", record),))
        match draw(st.sampled_from(kinds)):
            case "exists":
                return f"{base}.exists(f, {body})"
            case "count":
                return f"size({base}.filter(f, {draw(st.sampled_from([guarded, body]))})) >= {draw(st.integers(1, 2))}"
            case "member":
                return "'aigc.mark' in findings.map(f, f.claim)"
            case "constant":
                return f"({Writer(draw, walks=False).bool(depth, ())})"
            case "and":
                return f"({write(depth - 1)} && {write(depth - 1)})"
            case _:
                return f"({write(depth - 1)} || {write(depth - 1)} || {write(depth - 1)})"

    return write(depth)


class Writer:
    """Writes one expression; `scope` is a tuple of (variable, record) for macros around the place.

    With `walks` false it walks over no findings or gaps; with `fails` false it writes nothing that can fail.
    """

    def __init__(self, draw: st.DrawFn, *, walks: bool = True, fails: bool = True) -> None:
        self._draw = draw
        self._walks = walks
        self._fails = fails

    def pick(self, *options: str) -> str:
        return self._draw(st.sampled_from(options))

    def bool(self, depth: int, scope: tuple[tuple[str, str], ...]) -> str:
        if depth == 0:
            return self.pick("true", "false", "(subject.kind == 'png')", "(context.audience != 'public')")
        if not self._fails:
            return self.safe(depth, scope)
        match self.pick(
            "and", "or", "not", "compare", "compare", "equal", "in", "macro", "macro", "if", "text", "has"
        ):
            case "and":
                return f"({self.bool(depth - 1, scope)} && {self.bool(depth - 1, scope)} && {self.bool(depth - 1, scope)})"
            case "or":
                return f"({self.bool(depth - 1, scope)} || {self.bool(depth - 1, scope)})"
            case "not":
                return f"!({self.bool(depth - 1, scope)})"
            case "compare":
                return self.comparison(depth, scope)
            case "equal":
                sign = self.pick("==", "!=")
                kind = self.pick("string", "int", "double", "bool", "strings", "doubles", "mixed")
                return self.pair(kind, sign, depth, scope)
            case "in":
                return self.membership(depth, scope)
            case "macro":
                return self.macro(depth, scope, self.pick("exists", "all", "exists_one"))
            case "if":
                parts = [self.bool(depth - 1, scope) for _ in range(3)]
                return f"({parts[0]} ? {parts[1]} : {parts[2]})"
            case "text":
                text = self.string(depth - 1, scope)
                if self.pick("re", "plain") == "re":
                    return f"{text}.matches({self.pick(*PATTERNS)})"
                return f"{text}.{self.pick('startsWith', 'endsWith', 'contains')}({self.string(depth - 1, scope)})"
            case _:
                details = self.details(scope)
                return f"has({details}.{self.pick(*KEYS)})" if details else "true"

    def safe(self, depth: int, scope: tuple[tuple[str, str], ...]) -> str:
        details = self.details(scope)
        key = self.pick(*KEYS)
        options = [f"!({self.bool(depth - 1, scope)})", "(context.declared == 'none')"]
        if details:
            options += [
                f"('{key}' in {details} && {details}['{key}'] == {self.pick(*STRINGS)})",
                f"(has({details}.{key}) ? {details}.{key}.contains('1') : {self.bool(depth - 1, scope)})",
                f"({details.removesuffix('.details')}.probability >= 0.5)",
            ]
        return self.pick(*options)

    def pair(self, kind: str, sign: str, depth: int, scope: tuple[tuple[str, str], ...]) -> str:
        if kind == "mixed":
            return f"({self.integer(depth - 1, scope)} {sign} {self.double(depth - 1, scope)})"
        write = {
            "string": self.string,
            "int": self.integer,
            "double": self.double,
            "bool": self.bool,
            "strings": self.strings,
            "doubles": self.doubles,
            "time": self.time,
            "duration": self.duration,
        }[kind]
        return f"({write(depth - 1, scope)} {sign} {write(depth - 1, scope)})"

    def comparison(self, depth: int, scope: tuple[tuple[str, str], ...]) -> str:
        kind = self.pick("string", "int", "double", "mixed", "time", "duration", "bool")
        return self.pair(kind, self.pick(*ORDER), depth, scope)

    def membership(self, depth: int, scope: tuple[tuple[str, str], ...]) -> str:
        details = self.details(scope)
        if details and self.pick("map", "list") == "map":
            return f"({self.string(depth - 1, scope)} in {details})"
        if self.pick("strings", "doubles") == "strings":
            return f"({self.string(depth - 1, scope)} in {self.strings(depth - 1, scope)})"
        left = (
            self.double(depth - 1, scope)
            if self.pick("int", "double") == "double"
            else self.integer(depth - 1, scope)
        )
        return f"({left} in {self.doubles(depth - 1, scope)})"

    def macro(self, depth: int, scope: tuple[tuple[str, str], ...], macro: str) -> str:
        if len(scope) >= 2 or not self._walks:
            return self.bool(depth - 1, scope)
        name = LOCALS[len(scope)]
        record = self.pick("finding", "finding", "gap")
        over = self.records(record, depth, scope)
        return f"{over}.{macro}({name}, {self.body(depth - 1, scope, name, record)})"

    def body(self, depth: int, scope: tuple[tuple[str, str], ...], name: str, record: str) -> str:
        """The body of a macro; half of them ask for a claim, for which the compiler has a shorter way."""
        inner = self.bool(depth, (*scope, (name, record)))
        if record != "finding" or self.pick("any", "claim") == "any":
            return inner
        claim, other = self.pick(*CLAIMS), self.pick(*CLAIMS)
        asked = self.pick(f"{name}.claim == '{claim}'", f"{name}.claim in ['{claim}', '{other}']")
        return self.pick(
            asked, f"{asked} && {inner}", f"({inner}) && {asked}", f"{asked} && {inner} && {inner}"
        )

    def records(self, record: str, depth: int, scope: tuple[tuple[str, str], ...]) -> str:
        base = "findings" if record == "finding" else "gaps"
        if depth > 1 and len(scope) < 2 and self.pick("plain", "plain", "filter") == "filter":
            name = LOCALS[len(scope)]
            return f"{base}.filter({name}, {self.body(depth - 2, scope, name, record)})"
        return base

    def details(self, scope: tuple[tuple[str, str], ...]) -> str:
        names = [name for name, record in scope if record == "finding"]
        return f"{self.pick(*names)}.details" if names else ""

    def string(self, depth: int, scope: tuple[tuple[str, str], ...]) -> str:
        options = [*STRINGS, "subject.name", "subject.kind", "context.declared", "context.actor"]
        for name, record in scope:
            fields = (
                ("claim", "basis", "harm", "part", "detector") if record == "finding" else ("source", "kind")
            )
            options += [f"{name}.{field}" for field in fields]
            if record == "finding":
                options += [f"{name}.details['{key}']" for key in KEYS] + [f"{name}.details.{KEYS[0]}"]
        if depth <= 0 or self.pick("leaf", "leaf", "call") == "leaf":
            return self.pick(*options)
        match self.pick("join", "lower", "of", "if", "index"):
            case "join":
                return f"({self.string(depth - 1, scope)} + {self.string(depth - 1, scope)})"
            case "lower":
                return f"{self.string(depth - 1, scope)}.lowerAscii()"
            case "of":
                return f"string({self.pick('subject.size_bytes', 'subject.parts', 'true')})"
            case "if":
                return f"({self.bool(depth - 1, scope)} ? {self.string(depth - 1, scope)} : {self.string(depth - 1, scope)})"
            case _:
                return f"{self.strings(depth - 1, scope)}[{self.integer(depth - 1, scope)}]"

    def strings(self, depth: int, scope: tuple[tuple[str, str], ...]) -> str:
        if self._walks and depth > 0 and len(scope) < 2 and self.pick("items", "map") == "map":
            name = LOCALS[len(scope)]
            return f"findings.map({name}, {self.string(depth - 1, (*scope, (name, 'finding')))})"
        return f"[{self.string(depth - 1, scope)}, {self.string(depth - 1, scope)}]"

    def doubles(self, depth: int, scope: tuple[tuple[str, str], ...]) -> str:
        if self._walks and len(scope) < 2 and self.pick("items", "map") == "map":
            name = LOCALS[len(scope)]
            return f"findings.map({name}, {name}.probability)"
        return f"[{self.double(depth - 1, scope)}, {self.double(depth - 1, scope)}]"

    def integer(self, depth: int, scope: tuple[tuple[str, str], ...]) -> str:
        if depth <= 0 or self.pick("leaf", "call") == "leaf":
            sizes = ("size(findings)", "gaps.size()") if self._walks else ()
            return self.pick(*INTS, "subject.size_bytes", "subject.characters", *sizes)
        match self.pick("sum", "size", "of", "minus", "if"):
            case "sum":
                sign = self.pick("+", "-", "*", "/", "%")
                return f"({self.integer(depth - 1, scope)} {sign} {self.integer(depth - 1, scope)})"
            case "size":
                lists = [self.records("finding", depth, scope)] if self._walks else []
                return f"size({self.pick(self.string(depth - 1, scope), *lists)})"
            case "of":
                inner = (
                    self.double(depth - 1, scope)
                    if self.pick("d", "s") == "d"
                    else self.variable_string(scope)
                )
                return f"int({inner})" if inner not in DOUBLES else "1"
            case "minus":
                return f"-({self.integer(depth - 1, scope)})"
            case _:
                return f"({self.bool(depth - 1, scope)} ? {self.integer(depth - 1, scope)} : {self.integer(depth - 1, scope)})"

    def double(self, depth: int, scope: tuple[tuple[str, str], ...]) -> str:
        leaves = [*DOUBLES, *(f"{name}.probability" for name, record in scope if record == "finding")]
        if depth <= 0 or self.pick("leaf", "call") == "leaf":
            return self.pick(*leaves)
        match self.pick("sum", "of", "minus"):
            case "sum":
                sign = self.pick("+", "-", "*", "/")
                return f"({self.double(depth - 1, scope)} {sign} {self.double(depth - 1, scope)})"
            case "of":
                return f"double({self.variable_string(scope)})"
            case _:
                return f"-({self.double(depth - 1, scope)})"

    def variable_string(self, scope: tuple[tuple[str, str], ...]) -> str:
        """A string that is no literal: a literal that converts to nothing is refused at load."""
        details = self.details(scope)
        return f"{details}['{self.pick(*KEYS)}']" if details else "subject.name"

    def time(self, depth: int, scope: tuple[tuple[str, str], ...]) -> str:
        leaf = self.pick(
            "context.time", "timestamp('2026-11-23T12:00:00Z')", "timestamp('9999-12-31T23:00:00+01:00')"
        )
        if depth <= 0:
            return leaf
        return f"({leaf} {self.pick('+', '-')} {self.duration(depth - 1, scope)})"

    def duration(self, depth: int, scope: tuple[tuple[str, str], ...]) -> str:
        leaf = self.pick(
            "duration('1h30m')", "duration('-0.5s')", "duration('2000000h')", "duration('1.000250s')"
        )
        if depth <= 0:
            return leaf
        if self.pick("times", "durations") == "times":
            return f"({self.time(0, scope)} - {self.time(0, scope)})"
        return f"({leaf} {self.pick('+', '-')} {self.duration(depth - 1, scope)})"
