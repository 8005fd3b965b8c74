"""What differs between two spaces, in words: a clause for each hyperparameter and each rule."""

from collections.abc import Iterator, Mapping, Sequence

import msgspec

from rung.core.parameter import Parameter
from rung.core.scale import listed


def changes(old: Mapping[str, Parameter], new: Mapping[str, Parameter], branch: str) -> Iterator[str]:
    """What was removed, added, changed and moved, a clause each."""
    yield from (f"{name}{branch} was removed" for name in old if name not in new)
    yield from (f"{name}{branch} was added" for name in new if name not in old)
    for name, before in old.items():
        if name in new and msgspec.json.encode(before) != msgspec.json.encode(new[name]):
            yield from _parameter_changes(f"{name}{branch}", name, before, new[name])
    yield from _moves(f"hyperparameters{branch}", old, new)


def _parameter_changes(label: str, name: str, old: Parameter, new: Parameter) -> Iterator[str]:
    if type(old) is not type(new):
        yield f"{label} changed from {old!r} to {new!r}"
        return
    for field in old.__struct_fields__:
        before, after = getattr(old, field), getattr(new, field)
        if isinstance(before, Mapping) and isinstance(after, Mapping):
            yield from (
                f"option {option!r} of {label} was removed" for option in before if option not in after
            )
            yield from (f"option {option!r} of {label} was added" for option in after if option not in before)
            for option in before:
                if option in after:
                    yield from changes(before[option], after[option], f"[{name}={option}]")
            yield from _moves(f"options of {label}", before, after)
        elif repr(before) != repr(after):
            yield f"{field} of {label} changed from {_shown(before)} to {_shown(after)}"


def _moves(what: str, old: Mapping[str, object], new: Mapping[str, object]) -> Iterator[str]:
    before, after = [name for name in old if name in new], [name for name in new if name in old]
    if before != after:
        yield f"the order of {what} changed from {', '.join(before)} to {', '.join(after)}"


def _shown(value: object) -> str:
    if value is msgspec.UNSET:
        return "none"
    return f"[{listed(value)}]" if isinstance(value, tuple) else repr(value)


def rule_changes(old: Sequence[str], new: Sequence[str]) -> Iterator[str]:
    """Which rules were removed and added, a clause each."""
    yield from (f"the rule {rule!r} was removed" for rule in old if rule not in new)
    yield from (f"the rule {rule!r} was added" for rule in new if rule not in old)
