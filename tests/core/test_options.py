"""Options that are not what a spec takes are told in rung's words: which, what it takes, and what was given."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import msgspec
import pytest

from rung.core.options import OptionError, check_options


class Inner(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    depth: int = 0


class Spec(msgspec.Struct, kw_only=True, forbid_unknown_fields=True, tag="spec", tag_field="type"):
    share: float
    name: str | None = None
    lines: Sequence[str] = ()
    rates: Mapping[str, float] = {}
    how: Literal["wide", "deep"] = "wide"
    both: int | dict[str, int] = 7
    loud: bool = False
    inner: Inner = Inner()
    whatever: Any = None


class Lenient(msgspec.Struct):
    depth: int = 0


def test_what_fits_is_left_alone() -> None:
    given = {
        "type": "spec",
        "share": 1,
        "name": None,
        "lines": ["a"],
        "rates": {"x": 1},
        "both": {"x": 1},
        "inner": {"depth": 3},
    }
    check_options(Spec, given)
    check_options(Spec, {"share": "0.5", "loud": "true"}, strict=False)
    check_options(Lenient, {"unknown": 1})


@pytest.mark.parametrize(
    ("given", "path", "sentence"),
    [
        ({}, ("spec",), "[spec] needs share: write share = and its value."),
        ({"share": "x"}, ("spec", "share"), "spec.share must be a number, such as 0.5; got 'x'."),
        ({"share": True}, ("spec", "share"), "spec.share must be a number, such as 0.5; got True."),
        ({"share": 1, "name": 3}, ("spec", "name"), "spec.name must be text; got 3."),
        (
            {"share": 1, "lines": "a"},
            ("spec", "lines"),
            'spec.lines must be a list of texts, such as ["a", "b"]; got \'a\'.',
        ),
        (
            {"share": 1, "rates": {"x": "y"}},
            ("spec", "rates"),
            "spec.rates must be a table of numbers, such as {name = 0.5}; got {'x': 'y'}.",
        ),
        ({"share": 1, "how": "long"}, ("spec", "how"), "spec.how must be 'deep' or 'wide'; got 'long'."),
        (
            {"share": 1, "both": "x"},
            ("spec", "both"),
            "spec.both must be a whole number or a table of whole numbers, such as 7; got 'x'.",
        ),
        ({"share": 1, "loud": 1}, ("spec", "loud"), "spec.loud must be true or false; got 1."),
        (
            {"share": 1, "inner": {"depth": 0.5}},
            ("spec", "inner", "depth"),
            "spec.inner.depth must be a whole number, such as 4; got 0.5.",
        ),
        ({"share": 1, "nmae": 1}, ("spec", "nmae"), "there is no key 'nmae' in [spec]. Did you mean 'name'?"),
    ],
)
def test_what_does_not_fit_is_told_with_its_place(
    given: dict[str, Any], path: tuple[str, ...], sentence: str
) -> None:
    with pytest.raises(OptionError) as caught:
        check_options(Spec, given, place=("spec",))
    assert (caught.value.path, str(caught.value)) == (path, sentence)
