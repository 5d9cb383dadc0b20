"""Reads the text of a rule into its parts. What is not listed here cannot be said.

sqlglot splits the text into tokens, so that strings, numbers, names and operators are SQL's; the grammar itself is
closed and written out below: an expression is untrusted, and a parser that knows no subquery cannot be talked into one.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from decimal import Decimal
from itertools import islice
from typing import NoReturn

from sqlglot.errors import SqlglotError
from sqlglot.tokens import Token, Tokenizer, TokenType

from geartrain.kernel.rules import tree
from geartrain.kernel.rules.arguments import misfit
from geartrain.kernel.rules.errors import InvalidRule, did_you_mean
from geartrain.kernel.rules.functions import FUNCTIONS

MAX_LENGTH = 8_000  # characters
MAX_TOKENS = 2_000
MAX_DEPTH = 40  # brackets, case, not, minus and calls within one another
MAX_TERMS = 100  # of one sum or product: both evaluators nest them
MAX_DECIMALS = 9
MAX_NUMBER = Decimal(10) ** 18

RESERVED = frozenset(
    ("and", "or", "not", "in", "between", "like", "is", "null", "true", "false", "case", "when", "then", "else", "end")
)
COMPARISONS = {"=": "=", "<>": "<>", "!=": "<>", "<": "<", "<=": "<=", ">": ">", ">=": ">="}
NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")
HINTS = {
    "==": "Write = for equal.",
    "||": "Write concat(a, b).",
    "::": "Write to_number(x) or to_date(x).",
    "ilike": "Write lower(x) like 'abc%'.",
    "over": "Windows are not part of rules.",
    "%": "A remainder is not part of rules.",
}
# Typed by word processors, and taken for the real ones by people.
LOOKALIKES = {"‘": "'", "’": "'", "“": '"', "”": '"', "−": "-", "–": "-", "＝": "=", "≥": ">=", "≤": "<=", "≠": "<>"}


def read(text: str, *, where: str = "") -> tree.Node:
    """The parts of an expression.

    Raises:
        InvalidRule: with the place and, where a name is nearly right, the closest one.
    """
    if len(text) > MAX_LENGTH:
        problem = f"The expression has {len(text):,} characters; {MAX_LENGTH:,} are allowed."
        raise InvalidRule(problem, text="", where=where, hint="Split it into several rules.")
    reader = _Reader(text, where, _tokens(text, where))
    node = reader.disjunction()
    if (token := reader.peek()) is not None:
        reader.unexpected(token)
    return node


def _tokens(text: str, where: str) -> list[Token]:
    if (odd := re.search(r"[\x00-\x08\x0e-\x1f\x7f\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff]", text)) is not None:
        problem = f"There is an invisible character (U+{ord(odd[0]):04X})."
        raise InvalidRule(problem, text=text, at=odd.start(), where=where, hint="Delete it.")
    try:
        tokens: list[Token] = Tokenizer().tokenize(text)
    except SqlglotError:
        at = max(text.rfind("'"), text.rfind('"'), 0)
        problem = "A quotation mark is not closed."
        raise InvalidRule(problem, text=text, at=at, where=where, hint="Write '' for ' within text.") from None
    if not tokens:
        raise InvalidRule("The expression is empty.", text=text, where=where, hint="Write true for always.")
    if len(tokens) > MAX_TOKENS:
        problem = f"The expression has {len(tokens):,} words and signs; {MAX_TOKENS:,} are allowed."
        raise InvalidRule(problem, text=text, where=where, hint="Split it into several rules.")
    for token in tokens:
        if token.comments:
            hint = "Say it in the policy's prose."
            raise InvalidRule("A rule has no comments.", text=text, at=token.start, where=where, hint=hint)
    return tokens


@dataclass
class _Reader:
    """Where the reading stands. Each method reads one level of precedence, the loosest first."""

    text: str
    where: str
    tokens: list[Token]
    next: int = 0
    depth: int = 0

    def peek(self, ahead: int = 0) -> Token | None:
        place = self.next + ahead
        return self.tokens[place] if place < len(self.tokens) else None

    def take(self) -> Token:
        token = self.peek()
        if token is None:
            self.fail("The expression ends too early.", len(self.text))
        self.next += 1
        return token

    def word(self, *words: str) -> Token | None:
        """Take the next token if it is one of these words or signs, unquoted."""
        token = self.peek()
        if token is None or token.token_type in (TokenType.STRING, TokenType.IDENTIFIER, TokenType.NUMBER):
            return None
        if token.text.lower() not in words:
            return None
        self.next += 1
        return token

    def need(self, word: str) -> None:
        if self.word(word) is None:
            token = self.peek()
            self.fail(f"Expected {word}.", len(self.text) if token is None else token.start)

    def fail(self, problem: str, at: int, hint: str = "") -> NoReturn:
        raise InvalidRule(problem, text=self.text, at=at, where=self.where, hint=hint)

    def unexpected(self, token: Token) -> NoReturn:
        shown = self.text[token.start : token.end + 1][:40]
        for sign, plain in LOOKALIKES.items():
            if sign in shown:
                self.fail(f"{sign} is not a sign of the language.", token.start, f"Write {plain}")
        self.fail(f"{shown} is not expected here.", token.start, HINTS.get(token.text.lower(), ""))

    def deeper(self, at: int) -> None:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            self.fail(f"The expression is nested more than {MAX_DEPTH} deep.", at, "Split it into several rules.")

    def disjunction(self) -> tree.Node:
        at, parts = self.start(), [self.conjunction()]
        while self.word("or"):
            parts.append(self.conjunction())
        return parts[0] if len(parts) == 1 else tree.AnyOf(at, tuple(parts))

    def conjunction(self) -> tree.Node:
        at, parts = self.start(), [self.negation()]
        while self.word("and"):
            parts.append(self.negation())
        return parts[0] if len(parts) == 1 else tree.All(at, tuple(parts))

    def start(self) -> int:
        token = self.peek()
        return len(self.text) if token is None else token.start

    def negation(self) -> tree.Node:
        token = self.word("not")
        if token is None:
            return self.predicate()
        self.deeper(token.start)
        node = tree.Not(token.start, self.negation())
        self.depth -= 1
        return node

    def predicate(self) -> tree.Node:
        left = self.sum()
        token = self.peek()
        if token is None:
            return left
        at = token.start
        if token.token_type not in (TokenType.STRING, TokenType.IDENTIFIER) and token.text in COMPARISONS:
            self.take()
            node = tree.Compare(at, COMPARISONS[token.text], left, self.sum())
            after = self.peek()
            if after is not None and after.text in COMPARISONS and after.token_type is not TokenType.STRING:
                self.fail("Comparisons cannot be chained.", after.start, "Write a < b and b < c.")
            return node
        if self.word("is"):
            negated = self.word("not") is not None
            state = self.word("null", "true", "false")
            if state is None:
                self.fail("Expected null, true or false after is.", self.start())
            value = {"null": None, "true": True, "false": False}[state.text.lower()]
            return self.maybe_not(tree.Is(at, left, value), negated)
        negated = self.word("not") is not None
        if self.word("in"):
            return self.maybe_not(tree.In(at, left, self.items()), negated)
        if self.word("between"):
            low = self.sum()
            self.need("and")
            return self.maybe_not(tree.Between(at, left, low, self.sum()), negated)
        if self.word("like"):
            return self.maybe_not(tree.Like(at, left, self.pattern()), negated)
        if negated:
            self.fail("Expected in, between or like after not.", self.start())
        return left

    def maybe_not(self, node: tree.Node, negated: bool) -> tree.Node:
        return tree.Not(node.at, node) if negated else node

    def items(self) -> tuple[tree.Node, ...]:
        self.need("(")
        found = [self.sum()]
        while self.word(","):
            found.append(self.sum())
        self.need(")")
        return tuple(found)

    def pattern(self) -> str:
        token = self.take()
        if token.token_type is not TokenType.STRING:
            self.fail("The pattern after like is written out as text.", token.start, "Write name like 'Acme%'.")
        if "\\" in token.text:
            # PostgreSQL and Spark read it as an escape, DuckDB as itself.
            self.fail("A pattern cannot hold a backslash.", token.start, "Use contains(x, '…').")
        return str(token.text)

    def sum(self) -> tree.Node:
        left, terms = self.product(), 1
        while token := self.word("+", "-"):
            left, terms = tree.Arithmetic(token.start, token.text, left, self.product()), terms + 1
            self.few(terms, token)
        return left

    def product(self) -> tree.Node:
        left, terms = self.unary(), 1
        while token := self.word("*", "/"):
            left, terms = tree.Arithmetic(token.start, token.text, left, self.unary()), terms + 1
            self.few(terms, token)
        return left

    def few(self, terms: int, token: Token) -> None:
        if terms > MAX_TERMS:
            self.fail(f"A calculation has at most {MAX_TERMS} terms.", token.start, "Split it into several rules.")

    def unary(self) -> tree.Node:
        token = self.word("-", "+")
        if token is None:
            return self.primary()
        self.deeper(token.start)
        value = self.unary()
        self.depth -= 1
        if token.text == "+":
            return value
        if isinstance(value, tree.Literal) and isinstance(value.value, Decimal):
            return replace(value, value=-value.value, at=token.start)
        return tree.Negative(token.start, value)

    def primary(self) -> tree.Node:
        token = self.take()
        kind, lower = token.token_type, token.text.lower()
        if kind is TokenType.STRING:
            return tree.Literal(token.start, token.text)
        if kind is TokenType.NUMBER or (kind is TokenType.DOT and self.glued(token)):
            return self.number(token)
        if kind is TokenType.L_PAREN:
            self.deeper(token.start)
            node = self.disjunction()
            self.need(")")
            self.depth -= 1
            return node
        if kind is TokenType.IDENTIFIER:
            return self.field(token)
        if lower in ("null", "true", "false"):
            return tree.Literal(token.start, {"null": None, "true": True, "false": False}[lower])
        if lower == "case":
            return self.case(token)
        after = self.peek()
        if lower in ("date", "timestamp") and after is not None and after.token_type is TokenType.STRING:
            return self.moment(lower, self.take())
        if lower in RESERVED or not NAME.match(token.text):
            self.unexpected(token)
        if after is not None and after.token_type is TokenType.L_PAREN:
            return self.call(token)
        return self.field(token)

    def glued(self, dot: Token) -> bool:
        after = self.peek()
        return after is not None and after.token_type is TokenType.NUMBER and after.start == dot.end + 1

    def number(self, token: Token) -> tree.Node:
        end = self.take() if token.token_type is TokenType.DOT else token
        text = self.text[token.start : end.end + 1]
        if not re.fullmatch(r"(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,3})?", text):
            self.fail(f"{text[:40]} is not a number.", token.start)
        value = Decimal(text)
        after = self.peek()
        if after is not None and after.start == end.end + 1 and (after.text[:1].isalnum() or after.text[:1] in "_."):
            self.fail(f"{text}{after.text[:20]} is not a number.", token.start, "Write 1000000.50 without separators.")
        if abs(value) >= MAX_NUMBER:
            self.fail(f"{text[:40]} is too large.", token.start, "Numbers stay below 10^18.")
        if value != value.quantize(Decimal(1).scaleb(-MAX_DECIMALS)):
            self.fail(f"{text[:40]} has too many decimals.", token.start, f"At most {MAX_DECIMALS}.")
        return tree.Literal(token.start, shortest(value))

    def moment(self, word: str, token: Token) -> tree.Node:
        try:
            if word == "date":
                if not re.fullmatch(r"\d{4}-\d\d-\d\d", token.text):
                    raise ValueError(token.text)
                return tree.Literal(token.start, date.fromisoformat(token.text))
            instant = datetime.fromisoformat(token.text)
        except ValueError:
            shape = "date '2026-12-31'" if word == "date" else "timestamp '2026-12-31 17:00:00'"
            self.fail(f"'{token.text[:40]}' is not a {word}.", token.start, f"Write {shape}.")
        if instant.tzinfo is not None:
            instant = instant.astimezone(UTC).replace(tzinfo=None)
        return tree.Literal(token.start, instant)

    def field(self, token: Token) -> tree.Node:
        names = [self.name(token)]
        while (dot := self.peek()) is not None and dot.token_type is TokenType.DOT:
            self.take()
            names.append(self.name(self.take()))
        after = self.peek()
        if after is not None and after.token_type is TokenType.L_PAREN:
            self.fail(f"{'.'.join(names)} is not a function.", token.start)
        if len(names) > 4:
            self.fail("A path has at most four names.", token.start)
        return tree.Field(token.start, ".".join(names))

    def name(self, token: Token) -> str:
        if token.token_type is TokenType.IDENTIFIER:
            if not token.text or any(sign in token.text for sign in ".\"'`$[]\\") or len(token.text) > 100:
                hint = "Names in quotation marks have no dots, quotes, brackets or backslashes."
                self.fail(f"{token.text[:40]} cannot be a name.", token.start, hint)
            return str(token.text)
        if not NAME.match(token.text):
            self.unexpected(token)
        return str(token.text)

    def case(self, token: Token) -> tree.Node:
        self.deeper(token.start)
        subject = None if self.next_is("when") else self.sum()
        if subject is not None and sum(1 for _ in islice(subject.walk(), 11)) > 10:
            # It is compared once per when: a large one, nested, would grow without bound.
            self.fail("What a case looks at is too large.", token.start, "Write case when x = 1 then … end.")
        whens = []
        while when := self.word("when"):
            condition = self.disjunction() if subject is None else self.sum()
            self.need("then")
            if subject is not None:
                condition = tree.Compare(when.start, "=", subject, condition)
            whens.append((condition, self.disjunction()))
        if not whens:
            self.fail("A case has at least one when.", token.start, "Write case when … then … else … end.")
        default = self.disjunction() if self.word("else") else tree.Literal(token.start, None)
        self.need("end")
        self.depth -= 1
        return tree.Case(token.start, tuple(whens), default)

    def next_is(self, word: str) -> bool:
        token = self.peek()
        return token is not None and token.text.lower() == word and token.token_type is not TokenType.STRING

    def call(self, token: Token) -> tree.Node:
        self.deeper(token.start)
        name = token.text.lower()
        self.need("(")
        known = FUNCTIONS.get(name)
        if known is None and name != "if":
            names = [*FUNCTIONS, "if"]
            hint = did_you_mean(name, names, otherwise=f"There are {', '.join(sorted(names))}.")
            self.fail(f"There is no function {token.text[:40]}.", token.start, hint)
        args: list[tree.Node] = []
        if not self.next_is(")"):
            args.append(self.disjunction())
            while self.word(","):
                args.append(self.disjunction())
        self.need(")")
        self.depth -= 1
        if known is None:
            if len(args) != 3:
                self.fail("if takes 3 arguments.", token.start, "Write if(condition, then, otherwise).")
            return tree.Case(token.start, ((args[0], args[1]),), args[2])
        if problem := misfit(known, args):
            self.fail(problem, token.start, f"{known.signature}: {known.doc}")
        return tree.Call(token.start, known, tuple(args))


def shortest(value: Decimal) -> Decimal:
    """The number without trailing zeros and without an exponent, so that equal literals look alike."""
    if value == value.to_integral_value():
        return value.quantize(Decimal(1))
    return value.normalize()
