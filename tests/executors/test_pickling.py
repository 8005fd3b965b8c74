"""A callable as bytes, or the name of what stands in the way."""

import functools
import pickle
import threading

import pytest

from rung.core.errors import ExecutorError
from rung.executors.pickling import dumps


class Model:
    def __init__(self) -> None:
        self.guard = threading.Lock()

    def train(self, trial: object) -> None:
        raise AssertionError


def train(trial: object, **options: object) -> None:
    raise AssertionError


def test_what_was_dumped_is_loaded_as_it_was() -> None:
    n = 3
    assert pickle.loads(dumps(lambda: n))() == 3


@pytest.mark.parametrize(
    ("call", "culprit"),
    [
        (Model().train, "guard in the object of method train"),
        (functools.partial(train, guard=threading.Lock()), "argument guard"),
        (functools.partial(train, [1, threading.Lock()]), "item 1 in argument 0"),
        (functools.partial(train, tools={"guard": threading.Lock()}), "item 'guard' in argument tools"),
    ],
)
def test_the_part_that_cannot_be_pickled_is_named(call: object, culprit: str) -> None:
    with pytest.raises(
        ExecutorError, match=rf"because of {culprit}: TypeError: cannot pickle '_thread.lock' object"
    ):
        dumps(call)
