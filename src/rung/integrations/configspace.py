"""Spaces of ConfigSpace as rung's, and configurations back.

Conditions become sub-spaces, so each must hang on one choice in the end: `x if a == "u"`, and also `x if a == "u" and b
== "v"` where `b` itself is there only if `a == "u"`. Other conditions, and forbidden combinations, are refused.
Weights and bell curves are dropped, with a warning on the logger `rung`.
"""

import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rung.core.errors import MissingDependencyError, SpecError
from rung.core.parameter import Choice, Constant, Float, Int, Parameter, is_scalar
from rung.core.scale import Scalar
from rung.core.space import Space

if TYPE_CHECKING:
    from ConfigSpace import Configuration, ConfigurationSpace

try:
    import ConfigSpace as CS  # noqa: N817  its own documentation calls it so
except ImportError:
    raise MissingDependencyError(
        "rung.integrations.configspace needs ConfigSpace, which is not installed. Run: pip install 'rung[configspace]'"
    ) from None

logger = logging.getLogger("rung")


@dataclass(frozen=True, slots=True)
class _Guard:
    """Active only while a choice has one of some options, by their places."""

    parent: str
    options: frozenset[int]


def space_of(configspace: "ConfigurationSpace") -> Space:
    """The space; its defaults are those of ConfigSpace.

    Options that open sub-spaces become strings; `configuration_of` turns them back.

    Raises:
        SpecError: If it has what rung's spaces cannot say; the sentence names it.
    """
    if configspace.forbidden_clauses:
        raise SpecError(
            f"rung has no forbidden combinations, got {', '.join(map(str, configspace.forbidden_clauses))}. Read a "
            "ConfigurationSpace without them, and raise an error in train: such a trial fails, and the study goes on."
        )
    hyperparameters = {each.name: each for each in configspace.values()}
    guards = _guards(configspace.conditions, hyperparameters)
    return Space(_group(hyperparameters, guards, [name for name in hyperparameters if name not in guards]))


def configuration_of(configspace: "ConfigurationSpace", config: Mapping[str, Scalar]) -> "Configuration":
    """A configuration of rung's as one of ConfigSpace's, for training that takes such.

    Args:
        configspace: The space that was read.
        config: A configuration of `space_of(configspace)`, such as `trial.config`.
    """
    values = {name: _original(configspace[name], value) for name, value in config.items()}
    return CS.Configuration(configspace, values=values)


# Conditions


def _guards(conditions: Iterable[Any], hyperparameters: Mapping[str, Any]) -> dict[str, _Guard]:
    """For each conditional hyperparameter the choice that it hangs on."""
    guards: dict[str, list[_Guard]] = {}
    for condition in conditions:
        child = condition.child.name if hasattr(condition, "child") else condition.get_children()[0].name
        guards.setdefault(child, []).extend(_parts(condition, hyperparameters))
    return {child: _innermost(child, parts, guards) for child, parts in guards.items()}


def _parts(condition: Any, hyperparameters: Mapping[str, Any]) -> list[_Guard]:
    """What must hold together; Any: ConfigSpace's conditions have no common type that says what they hold."""
    if isinstance(condition, CS.AndConjunction):
        return [part for each in condition.components for part in _parts(each, hyperparameters)]
    if isinstance(condition, CS.OrConjunction):
        parts = [part for each in condition.components for part in _parts(each, hyperparameters)]
        if len({part.parent for part in parts}) > 1 or len(parts) != len(condition.components):
            raise _inexpressible(condition)
        return [_Guard(parts[0].parent, frozenset().union(*(part.options for part in parts)))]
    options = _options(condition.parent)
    if options is None:
        raise _inexpressible(condition)
    return [
        _Guard(
            condition.parent.name,
            frozenset(place for place, option in enumerate(options) if _holds(condition, option)),
        )
    ]


def _holds(condition: Any, option: object) -> bool:
    """Whether a simple condition holds for an option of its parent."""
    match condition:
        case CS.EqualsCondition():
            return bool(option == condition.value)
        case CS.NotEqualsCondition():
            return bool(option != condition.value)
        case CS.InCondition():
            return option in list(condition.values)
        case CS.GreaterThanCondition() | CS.LessThanCondition():
            parent: Any = condition.parent
            order = list(parent.sequence)
            above = order.index(option) - order.index(condition.value)
            return above > 0 if isinstance(condition, CS.GreaterThanCondition) else above < 0
        case _:
            raise _inexpressible(condition)


def _innermost(child: str, parts: list[_Guard], guards: Mapping[str, list[_Guard]]) -> _Guard:
    """The one condition that implies the others."""
    for part in parts:
        implied = guards.get(part.parent, [])
        others = [other for other in parts if other is not part]
        if all(any(_implies(each, other) for each in implied) for other in others):
            return part
    names = " and ".join(part.parent for part in parts)
    raise SpecError(
        f"{child} hangs on {names} at once, which a tree of choices cannot say. Leave all but one of the conditions "
        "out: then it is also suggested where it is not used."
    )


def _implies(one: _Guard, other: _Guard) -> bool:
    return one.parent == other.parent and one.options <= other.options


def _inexpressible(condition: object) -> SpecError:
    return SpecError(
        f"a condition of rung hangs on the options of one choice, got {condition}. "
        "Make the parent a categorical, or leave the condition out: then the child is suggested always."
    )


# Hyperparameters


def _group(
    hyperparameters: Mapping[str, Any], guards: Mapping[str, _Guard], members: Iterable[str]
) -> dict[str, Parameter]:
    group: dict[str, Parameter] = {}
    for name in members:
        hyperparameter = hyperparameters[name]
        parameter = _parameter(hyperparameter)
        opened = {child: guard for child, guard in guards.items() if guard.parent == name}
        if opened and isinstance(parameter, Choice):
            subspaces = {
                str(option): _group(
                    hyperparameters, guards, [child for child in opened if place in opened[child].options]
                )
                for place, option in enumerate(_options(hyperparameter) or ())
            }
            parameter = Choice(
                subspaces, ordered=parameter.ordered, default=str(hyperparameter.default_value)
            )
        group[name] = parameter
    return group


def _parameter(hyperparameter: Any) -> Parameter:
    """One hyperparameter, without what it opens."""
    name, default = hyperparameter.name, _plain(getattr(hyperparameter, "default_value", None))
    match hyperparameter:
        case CS.Constant():
            return Constant(_plain(hyperparameter.value))
        case CS.CategoricalHyperparameter():
            if len(set(hyperparameter.probabilities)) > 1:
                logger.warning(
                    "%s: rung takes all options for equally likely; its weights are not used.", name
                )
            return Choice([_plain(each) for each in hyperparameter.choices], default=default)
        case CS.OrdinalHyperparameter():
            return Choice([_plain(each) for each in hyperparameter.sequence], ordered=True, default=default)
        case (
            CS.UniformIntegerHyperparameter()
            | CS.NormalIntegerHyperparameter()
            | CS.BetaIntegerHyperparameter()
        ):
            _warn_of_shape(hyperparameter)
            low, high = int(hyperparameter.lower), int(hyperparameter.upper)
            return Int(low, high, log=bool(hyperparameter.log), default=int(hyperparameter.default_value))
        case CS.UniformFloatHyperparameter() | CS.NormalFloatHyperparameter() | CS.BetaFloatHyperparameter():
            _warn_of_shape(hyperparameter)
            bounds = float(hyperparameter.lower), float(hyperparameter.upper)
            return Float(*bounds, log=bool(hyperparameter.log), default=float(hyperparameter.default_value))
        case _:
            raise SpecError(
                f"{name}: rung knows no {type(hyperparameter).__name__}. Use a range or a categorical."
            )


def _warn_of_shape(hyperparameter: Any) -> None:
    kind = type(hyperparameter).__name__
    if not kind.startswith("Uniform"):
        shape = "normal" if kind.startswith("Normal") else "beta"
        logger.warning(
            "%s: its %s distribution becomes an even one from %g to %g.",
            hyperparameter.name,
            shape,
            hyperparameter.lower,
            hyperparameter.upper,
        )


def _options(hyperparameter: Any) -> list[Any] | None:
    """The options of a choice; None for other hyperparameters."""
    match hyperparameter:
        case CS.CategoricalHyperparameter():
            return list(hyperparameter.choices)
        case CS.OrdinalHyperparameter():
            return list(hyperparameter.sequence)
        case _:
            return None


def _original(hyperparameter: Any, value: Scalar) -> Any:
    """An option as ConfigSpace has it; other values as they are."""
    for option in _options(hyperparameter) or ():
        if _plain(option) == value or (isinstance(value, str) and str(option) == value):
            return option
    return value


def _plain(value: Any) -> Scalar:
    """A plain value; ConfigSpace gives NumPy's."""
    plain = value.item() if hasattr(value, "item") else value
    return plain if is_scalar(plain) else str(plain)
