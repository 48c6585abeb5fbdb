"""Tokens to a syntax tree, by recursive descent over CEL's precedence levels, within limits.

From loosest to tightest: `?:`, `||`, `&&`, comparison and `in`, `+ -`, `* / %`, `! -`, member access.
"""

from collections.abc import Callable

from brightline.policy.language.errors import ExpressionError
from brightline.policy.language.lexer import Token, tokens
from brightline.policy.language.limits import MAX_DEPTH, MAX_ITEMS, MAX_MACROS, MAX_NODES
from brightline.policy.language.syntax import (
    Binary,
    Call,
    Conditional,
    Expression,
    Has,
    Index,
    Items,
    Literal,
    Logic,
    Macro,
    Name,
    Select,
    Unary,
    children,
)

MACROS = ("exists", "all", "exists_one", "filter", "map")
_RELATIONS = ("==", "!=", "<", "<=", ">", ">=", "in")
_RESERVED = frozenset(
    {
        "as",
        "break",
        "const",
        "continue",
        "else",
        "for",
        "function",
        "if",
        "import",
        "in",
        "let",
        "loop",
        "namespace",
        "null",
        "package",
        "return",
        "var",
        "void",
        "while",
    }
)
_INT_MAX = 2**63 - 1


def parse(source: str) -> Expression:
    """The syntax tree of an expression.

    Raises:
        ExpressionError: it is no expression of the language, or larger or deeper than the limits.
    """
    parser = _Parser(tokens(source))
    tree = parser.expression()
    parser.expect("end", "the end")
    return tree


class _Parser:
    def __init__(self, stream: list[Token]) -> None:
        self._stream = stream
        self._at = 0
        self._nodes = 0
        self._nesting = 0
        self._macros = 0
        self._depths: dict[Expression, int] = {}

    # Levels, loosest first.

    def expression(self) -> Expression:
        self._nesting += 1
        if self._nesting > MAX_DEPTH:
            raise self._error(f"nested more than {MAX_DEPTH} deep; split the rule in two")
        test = self._logic("||", lambda: self._logic("&&", self._relation))
        if self._accept("?"):
            yes = self._logic("||", lambda: self._logic("&&", self._relation))
            self.expect("mark", ":")
            no = self.expression()
            test = self._keep(Conditional(start=test.start, end=no.end, test=test, yes=yes, no=no))
        self._nesting -= 1
        return test

    def _logic(self, operator: str, tighter: Callable[[], Expression]) -> Expression:
        clauses = [tighter()]
        while self._accept(operator):
            clauses.append(tighter())
        if len(clauses) == 1:
            return clauses[0]
        start, end = clauses[0].start, clauses[-1].end
        return self._keep(Logic(start=start, end=end, operator=operator, clauses=tuple(clauses)))

    def _relation(self) -> Expression:
        return self._binary(_RELATIONS, lambda: self._binary(("+", "-"), self._product))

    def _product(self) -> Expression:
        return self._binary(("*", "/", "%"), self._unary)

    def _binary(self, operators: tuple[str, ...], tighter: Callable[[], Expression]) -> Expression:
        left = tighter()
        while (token := self._peek()).text in operators and token.kind in {"mark", "word"}:
            self._next()
            right = tighter()
            left = self._keep(
                Binary(start=left.start, end=right.end, operator=token.text, left=left, right=right)
            )
        return left

    def _unary(self) -> Expression:
        signs = []
        while self._peek().kind == "mark" and self._peek().text in {"!", "-"}:
            signs.append(self._next())
            if len(signs) > MAX_DEPTH:
                raise self._error(f"more than {MAX_DEPTH} signs in a row")
            if signs[-1].text != signs[0].text:
                raise self._error("`!` and `-` do not go together here; use parentheses")
        if signs and signs[-1].text == "-" and self._peek().kind in {"int", "double"}:
            operand = self._member(self._number(self._next(), signs.pop()))
        else:
            operand = self._member(self._primary())
        for sign in reversed(signs):
            operand = self._keep(
                Unary(start=sign.start, end=operand.end, operator=sign.text, operand=operand)
            )
        return operand

    def _member(self, operand: Expression) -> Expression:
        while True:
            if self._accept("."):
                word = self.expect("word", "a field or function")
                if self._accept("("):
                    operand = self._method(operand, word)
                else:
                    operand = self._keep(
                        Select(start=operand.start, end=word.end, operand=operand, field=word.text)
                    )
            elif self._accept("["):
                key = self.expression()
                end = self.expect("mark", "]").end
                operand = self._keep(Index(start=operand.start, end=end, operand=operand, key=key))
            else:
                return operand

    def _primary(self) -> Expression:
        token = self._next()
        match token.kind, token.text:
            case "int" | "double", _:
                return self._number(token, None)
            case "string", _:
                return self._keep(Literal(start=token.start, end=token.end, value=token.value))
            case "word", "true" | "false":
                return self._keep(Literal(start=token.start, end=token.end, value=token.text == "true"))
            case "word", _:
                return self._word(token)
            case "mark", "(":
                inner = self.expression()
                self.expect("mark", ")")
                return inner
            case "mark", "[":
                return self._items(token)
            case _:
                raise _unexpected(token, "a value")

    def _word(self, token: Token) -> Expression:
        if token.text in _RESERVED:
            raise ExpressionError(
                f"`{token.text}` is a reserved word and no variable", token.start, token.end
            )
        if not self._accept("("):
            return self._keep(Name(start=token.start, end=token.end, name=token.text))
        arguments, end = self._arguments(")")
        if token.text == "has":
            return self._has(token, arguments, end)
        return self._keep(
            Call(start=token.start, end=end, function=token.text, arguments=arguments, receiver=False)
        )

    def _has(self, token: Token, arguments: tuple[Expression, ...], end: int) -> Expression:
        if len(arguments) != 1 or not isinstance(arguments[0], Select):
            raise ExpressionError(
                "`has` asks for one field, such as `has(f.details.verdict)`", token.start, end
            )
        inner = arguments[0]
        return self._keep(Has(start=token.start, end=end, operand=inner.operand, field=inner.field))

    def _method(self, receiver: Expression, word: Token) -> Expression:
        if word.text in MACROS:
            return self._macro(receiver, word)
        arguments, end = self._arguments(")")
        return self._keep(
            Call(
                start=receiver.start,
                end=end,
                function=word.text,
                arguments=(receiver, *arguments),
                receiver=True,
            )
        )

    def _macro(self, over: Expression, word: Token) -> Expression:
        self._macros += 1
        if self._macros > MAX_MACROS:
            raise ExpressionError(f"macros nest more than {MAX_MACROS} deep", word.start, word.end)
        variable = self.expect("word", "the name of an element")
        self.expect("mark", ",")
        body = self.expression()
        end = self.expect("mark", ")").end
        self._macros -= 1
        return self._keep(
            Macro(start=over.start, end=end, macro=word.text, over=over, variable=variable.text, body=body)
        )

    def _items(self, opening: Token) -> Expression:
        items, end = self._arguments("]")
        if not items:
            raise ExpressionError("an empty list matches nothing", opening.start, end)
        return self._keep(Items(start=opening.start, end=end, items=items))

    def _arguments(self, closing: str) -> tuple[tuple[Expression, ...], int]:
        arguments: list[Expression] = []
        while not (arguments == [] and self._peek().text == closing and self._peek().kind == "mark"):
            arguments.append(self.expression())
            if len(arguments) > MAX_ITEMS:
                raise self._error(f"more than {MAX_ITEMS} items")
            if not self._accept(","):
                break
        return tuple(arguments), self.expect("mark", closing).end

    def _number(self, token: Token, sign: Token | None) -> Expression:
        start = sign.start if sign else token.start
        factor = -1 if sign else 1
        if token.kind == "double":
            return self._keep(Literal(start=start, end=token.end, value=factor * float(token.text)))
        value = factor * int(token.text, 16 if token.text[:2] in {"0x", "0X"} else 10)
        if not -_INT_MAX - 1 <= value <= _INT_MAX:
            raise ExpressionError("the number does not fit in 64 bits", start, token.end)
        return self._keep(Literal(start=start, end=token.end, value=value))

    # The stream.

    def expect(self, kind: str, text: str) -> Token:
        token = self._next()
        if token.kind != kind or (kind == "mark" and token.text != text):
            raise _unexpected(token, f"`{text}`" if kind == "mark" else text)
        return token

    def _accept(self, mark: str) -> bool:
        if self._peek().kind == "mark" and self._peek().text == mark:
            self._at += 1
            return True
        return False

    def _peek(self) -> Token:
        return self._stream[self._at]

    def _next(self) -> Token:
        token = self._stream[self._at]
        self._at = min(self._at + 1, len(self._stream) - 1)
        return token

    def _error(self, message: str) -> ExpressionError:
        token = self._peek()
        return ExpressionError(message, token.start, token.end)

    def _keep(self, node: Expression) -> Expression:
        """Count the node and its depth: left-leaning chains such as `1+1+1` grow deep without nesting."""
        self._nodes += 1
        depth = 1 + max((self._depths[child] for child in children(node)), default=0)
        self._depths[node] = depth
        if self._nodes > MAX_NODES or depth > MAX_DEPTH:
            limit = f"{MAX_NODES} parts" if self._nodes > MAX_NODES else f"{MAX_DEPTH} levels"
            raise ExpressionError(
                f"the expression has more than {limit}; split the rule in two", node.start, node.end
            )
        return node


def _unexpected(token: Token, wanted: str) -> ExpressionError:
    found = token.text if token.kind == "end" else f"`{token.text}`"
    return ExpressionError(f"found {found}, expected {wanted}", token.start, token.end)
