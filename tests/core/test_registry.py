import msgspec
import pytest

from rung.core.errors import SpecError
from rung.core.registry import Registry


class Red(msgspec.Struct, frozen=True, tag="red", tag_field="type", forbid_unknown_fields=True):
    depth: int = 1


class Untagged(msgspec.Struct, frozen=True):
    depth: int = 1


def colours() -> Registry[object]:
    registry: Registry[object] = Registry("colour")
    registry.add(Red)
    return registry


def test_a_spec_comes_back_from_its_plain_values() -> None:
    assert colours().decode({"type": "red", "depth": 3}) == Red(3)
    assert colours().decode(msgspec.to_builtins(Red(7))) == Red(7)


def test_a_name_is_given_once() -> None:
    registry = colours()
    with pytest.raises(SpecError, match="a colour called 'red' exists already"):
        registry.add(Red)
    assert list(registry) == ["red"]


def test_a_class_without_a_name_is_refused() -> None:
    with pytest.raises(SpecError, match=r'Untagged cannot be registered as a colour: .* tag="its-name"'):
        colours().add(Untagged)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ({"type": "rde"}, r"no colour is called 'rde'\. Did you mean 'red'\?"),
        ({"type": "blue"}, "There are \\['red'\\]"),
        ({}, r"no colour is called ''"),
        ({"type": "red", "deep": 1}, r"described wrongly: .*deep"),
        ({"type": "red", "depth": "x"}, r"described wrongly: .*depth"),
    ],
)
def test_plain_values_that_describe_nothing_are_refused(data: dict[str, object], words: str) -> None:
    with pytest.raises(SpecError, match=words):
        colours().decode(data)
