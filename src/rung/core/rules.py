"""Rules between hyperparameters, as expressions: `batch_size * width <= 8192`.

An expression is parsed to Python's own syntax tree, of which a few kinds of nodes are taken and everything else is
refused; nothing is ever given to `eval`. What is taken becomes functions on arrays: a rule is judged for many
configurations at once. All numbers are floats of 64 bits.
"""

import ast
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from rung.core.errors import SpecError
from rung.core.scale import Scalar, as_array, is_number, listed, nearest

Values = Mapping[str, NDArray[Any]]  # Any: numbers, truth values, or options as objects
Kind = Literal["a number", "true or false", "an option"]

LONGEST = 1000  # characters


@dataclass(frozen=True, slots=True)
class Known:
    """A name that rules may use.

    Attributes:
        kind: What its values are.
        options: All of them, if they are listed; None: a range.
    """

    kind: Kind
    options: tuple[Scalar, ...] | None

    @classmethod
    def listing(cls, options: Sequence[Scalar]) -> "Known":
        """What has these options."""
        return cls(_kind(options), tuple(options))


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule.

    Attributes:
        text: As it was written.
        names: Of the hyperparameters in it.
        judge: Whether values keep it: an array of truth values, or one.
    """

    text: str
    names: tuple[str, ...]
    judge: Callable[[Values], Any]

    def kept(self, values: Values, n: int) -> NDArray[np.bool_]:
        """Whether each of `n` configurations keeps it, shape (n,); what is no number (0/0) keeps nothing.

        Args:
            values: For each of `names` an array of shape (n,).
            n: How many there are.
        """
        with np.errstate(all="ignore"):
            found = self.judge(values)
        return np.broadcast_to(np.asarray(found, np.bool_), (n,))


def parse(text: object, known: Mapping[str, Known]) -> Rule:
    """A rule from its text.

    Args:
        text: An expression that is true or false; a name that is no word of Python stands in backticks.
        known: What names mean.

    Raises:
        SpecError: If it is none, uses anything else, or does not fit the names.
    """
    if not isinstance(text, str) or not text.strip():
        raise SpecError(f"A rule must be an expression such as 'batch_size * width <= 8192', got {text!r}.")
    reader = _Reader(text, known)
    term = reader.read()
    if term.kind != "true or false":
        raise reader.refusal("must compare something", "Write for example 'batch_size * width <= 8192'.")
    if not reader.names:
        raise reader.refusal("must name a hyperparameter", f"Known here: {listed(known)}.")
    return Rule(text.strip(), tuple(reader.names), term.value)


def arrays(values: Mapping[str, Sequence[Scalar]], known: Mapping[str, Known]) -> Values:
    """Values of configurations as rules compute with them."""
    return {name: array(found, known[name].kind) for name, found in values.items()}


def array(values: Sequence[Scalar] | NDArray[Any], kind: Kind) -> NDArray[Any]:
    """Values of one hyperparameter as rules compute with them, shape (n,)."""
    if kind == "a number":
        return np.asarray(values, np.float64)
    if kind == "true or false":
        return np.asarray(values, np.bool_)
    found = np.empty(len(values), object)
    found[:] = values
    return found


@dataclass(frozen=True, slots=True)
class _Term:
    """A part of a rule: what it is, how it is computed, and which options it has if it is a name."""

    kind: Kind
    value: Callable[[Values], Any]
    options: tuple[Scalar, ...] | None = None
    constant: bool = False


_ARITHMETIC: dict[type[ast.operator], Callable[..., Any]] = {
    ast.Add: np.add,
    ast.Sub: np.subtract,
    ast.Mult: np.multiply,
    ast.Div: np.divide,
    ast.FloorDiv: np.floor_divide,
    ast.Mod: np.mod,
    ast.Pow: np.power,
}
_ORDER: dict[type[ast.cmpop], Callable[..., Any]] = {
    ast.Lt: np.less,
    ast.LtE: np.less_equal,
    ast.Gt: np.greater,
    ast.GtE: np.greater_equal,
}
_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "log": np.log,
    "exp": np.exp,
    "sqrt": np.sqrt,
    "abs": np.abs,
}
_OF_MANY: dict[str, Callable[..., Any]] = {"min": np.minimum, "max": np.maximum}
_TAKEN = (
    "A rule is made of names, numbers, options in quotes, + - * / // % **, comparisons, in, and, or, not, "
    "and min, max, log, exp, sqrt, abs."
)
_QUOTED = re.compile(r"`([^`]+)`")


class _Reader:
    """Reads one rule; `names` are those that were met so far."""

    def __init__(self, text: str, known: Mapping[str, Known]) -> None:
        self.names: dict[str, None] = {}
        self._text, self._known = text, known
        self._quoted: list[str] = []

    def read(self) -> _Term:
        if len(self._text) > LONGEST:
            raise self.refusal(f"may have {LONGEST} characters", "Make several of it.")
        text = _QUOTED.sub(self._quote, self._text).strip()
        try:
            tree = ast.parse(text, mode="eval").body
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            reason = error.msg if isinstance(error, SyntaxError) else str(error)
            raise self.refusal(
                "must be an expression of Python",
                f"It says: {reason}. A name that is no word stands in backticks: `batch-size` <= 64.",
            ) from None
        return self._term(tree)

    def refusal(self, must: str, advice: str) -> SpecError:
        return SpecError(f"The rule {self._text!r} {must}. {advice}")

    def _quote(self, match: re.Match[str]) -> str:
        self._quoted.append(match[1])
        return f" __quoted_{len(self._quoted) - 1} "

    def _term(self, node: ast.expr) -> _Term:
        read = _READERS.get(type(node))
        if read is None:
            raise self._foreign(node)
        return read(self, node)

    def _foreign(self, node: ast.AST) -> SpecError:
        return self.refusal(f"must not hold {ast.unparse(node)!r}", _TAKEN)

    def _named(self, node: ast.Name | ast.Attribute) -> _Term:
        return self._name(self._spelled(node))

    def _joined(self, node: ast.BoolOp) -> _Term:
        parts = [self._flag(value) for value in node.values]
        return _Term("true or false", partial(_all if isinstance(node.op, ast.And) else _any, parts))

    def _signed(self, node: ast.UnaryOp) -> _Term:
        match node.op:
            case ast.Not():
                return _Term("true or false", partial(_call, np.logical_not, [self._flag(node.operand)]))
            case ast.USub():
                return _Term("a number", partial(_call, np.negative, [self._number(node.operand)]))
            case ast.UAdd():
                return self._of_kind(node.operand, "a number")
        raise self._foreign(node)

    def _computed(self, node: ast.BinOp) -> _Term:
        if type(node.op) not in _ARITHMETIC:
            raise self._foreign(node)
        sides = [self._number(node.left), self._number(node.right)]
        return _Term("a number", partial(_call, _ARITHMETIC[type(node.op)], sides))

    def _chained(self, node: ast.Compare) -> _Term:
        pairs = zip([node.left, *node.comparators[:-1]], node.ops, node.comparators, strict=True)
        return _Term("true or false", partial(_all, [self._compared(*pair) for pair in pairs]))

    def _constant(self, node: ast.Constant) -> _Term:
        value = node.value
        if is_number(value):
            try:
                number = np.float64(value)  # type: ignore[arg-type]  # a number
            except OverflowError:
                raise self.refusal("must hold numbers of 64 bits", f"Got {value!r}.") from None
            return _Term("a number", lambda _: number, constant=True)
        if isinstance(value, bool):
            return _Term("true or false", lambda _: np.bool_(value), (value,), constant=True)
        if value is None or isinstance(value, str):
            return _Term("an option", lambda _: value, (value,), constant=True)
        raise self.refusal(f"must not hold {value!r}", _TAKEN)

    def _spelled(self, node: ast.expr) -> str:
        """A name as the space has it: dots belong to it."""
        match node:
            case ast.Name(id=name) if name.startswith("__quoted_"):
                return self._quoted[int(name.removeprefix("__quoted_"))]
            case ast.Name(id=name):
                return name
            case ast.Attribute(value=value, attr=attribute):
                return f"{self._spelled(value)}.{attribute}"
            case _:
                raise self._foreign(node)

    def _name(self, name: str) -> _Term:
        if name not in self._known:
            hint = nearest(name, self._known) or f" Known here: {listed(self._known)}."
            raise self.refusal(f"names {name!r}, which is no hyperparameter of this space", hint.strip())
        self.names[name] = None
        found = self._known[name]
        return _Term(found.kind, lambda values: values[name], found.options)

    def _of_kind(self, node: ast.expr, kind: Kind) -> _Term:
        term = self._term(node)
        if term.kind != kind:
            raise self.refusal(
                f"needs {kind} where it says {ast.unparse(node)!r}, which is {term.kind}", _TAKEN
            )
        return term

    def _number(self, node: ast.expr) -> Callable[[Values], Any]:
        return self._of_kind(node, "a number").value

    def _flag(self, node: ast.expr) -> Callable[[Values], Any]:
        return self._of_kind(node, "true or false").value

    def _called(self, node: ast.Call) -> _Term:
        if not isinstance(node.func, ast.Name) or node.keywords:
            raise self._foreign(node)
        name, parts = node.func.id, [self._number(argument) for argument in node.args]
        if name in _OF_MANY and len(parts) > 1:
            return _Term("a number", partial(_reduced, _OF_MANY[name], parts))
        if name in _FUNCTIONS and len(parts) == 1:
            return _Term("a number", partial(_call, _FUNCTIONS[name], parts))
        raise self._foreign(node)

    def _compared(self, left: ast.expr, op: ast.cmpop, right: ast.expr) -> Callable[[Values], Any]:
        if type(op) in _ORDER:
            return partial(_call, _ORDER[type(op)], [self._number(left), self._number(right)])
        if isinstance(op, ast.In | ast.NotIn):
            return self._among(left, right, isinstance(op, ast.NotIn))
        if not isinstance(op, ast.Eq | ast.NotEq):
            raise self.refusal("must compare with == and !=, not with `is`", _TAKEN)
        equal = self._equal(left, self._term(left), right)
        return equal if isinstance(op, ast.Eq) else partial(_call, np.logical_not, [equal])

    def _among(self, left: ast.expr, right: ast.expr, negated: bool) -> Callable[[Values], Any]:
        if not isinstance(right, ast.Tuple | ast.List | ast.Set) or not right.elts:
            raise self.refusal(
                "must list what follows `in`", "Write for example: optimizer in ('adam', 'sgd')."
            )
        term = self._term(left)
        found = partial(_any, [self._equal(left, term, option) for option in right.elts])
        return partial(_call, np.logical_not, [found]) if negated else found

    def _equal(self, left: ast.expr, first: _Term, right: ast.expr) -> Callable[[Values], Any]:
        second = self._term(right)
        self._check_option(left, first, second)
        self._check_option(right, second, first)
        return partial(_same, first.value, second.value)

    def _check_option(self, node: ast.expr, of: _Term, other: _Term) -> None:
        """Refuse the comparison of a name with what it never is."""
        if not other.constant or other.options is None or of.constant:
            return
        (value,) = other.options
        if of.options is None and of.kind != "a number":  # options in one branch, a range in another
            return
        if of.options is None:
            raise self.refusal(f"compares {ast.unparse(node)!r}, which is a number, with {value!r}", _TAKEN)
        if not any(type(value) is type(option) and value == option for option in of.options):
            hint = nearest(value, of.options) or f" Its options are {listed(of.options)}."
            raise self.refusal(
                f"compares {ast.unparse(node)!r} with {value!r}, which is none of its options", hint.strip()
            )


_READERS: dict[type[ast.expr], Callable[[_Reader, Any], _Term]] = {  # Any: a node of that type
    ast.Constant: _Reader._constant,
    ast.Name: _Reader._named,
    ast.Attribute: _Reader._named,
    ast.BoolOp: _Reader._joined,
    ast.UnaryOp: _Reader._signed,
    ast.BinOp: _Reader._computed,
    ast.Compare: _Reader._chained,
    ast.Call: _Reader._called,
}


def _kind(options: Sequence[Scalar]) -> Kind:
    found = as_array(options).dtype
    return "a number" if found == np.float64 else "true or false" if found == np.bool_ else "an option"


def _call(function: Callable[..., Any], parts: Sequence[Callable[[Values], Any]], values: Values) -> Any:
    return function(*(part(values) for part in parts))


def _reduced(function: Callable[..., Any], parts: Sequence[Callable[[Values], Any]], values: Values) -> Any:
    first, *rest = parts
    found = first(values)
    for part in rest:
        found = function(found, part(values))
    return found


_all = partial(_reduced, np.logical_and)
_any = partial(_reduced, np.logical_or)


def _same(left: Callable[[Values], Any], right: Callable[[Values], Any], values: Values) -> Any:
    return left(values) == right(values)
