"""The source of a study makes an equal study."""

from typing import Any

import pytest

import rung
from rung.analysis.source import study_source

STUDIES: list[dict[str, Any]] = [
    {"minimize": "loss"},
    {
        "maximize": ["accuracy", "recall"],
        "minimize": "size",
        "diverges_at": {"size": 1e9},
        "resource": rung.Replicates("seed"),
        "scheduler": rung.FIFO(max_resource=5),
        "searcher": rung.GridSearch(points=3),
        "seed": 7,
        "retries": 1,
    },
    {"maximize": "accuracy", "resource": rung.Steps("epoch"), "scheduler": rung.ASHA(max_resource=81, eta=4)},
]

SPACE = rung.Space(
    {
        "lr": rung.Float(1e-5, 1e-1, log=True, default=1e-3),
        'a "quoted" name': rung.Int(1, 9, step=2),
        "batch": rung.Choice([16, 32, None], ordered=True, default=None),
        "optimizer": rung.Choice(
            {
                "adam": {"beta1": rung.Float(0.8, 0.99), "beta2": rung.Float(0.9, 0.9999), "fixed": True},
                "sgd": {"inner": rung.Choice({"nesterov": {"momentum": rung.Float(0, 1)}, "plain": {}})},
            }
        ),
        "data": "digits",
    }
)


@pytest.mark.parametrize("options", STUDIES)
def test_the_source_of_a_study_makes_an_equal_one(options: dict[str, Any]) -> None:
    study = rung.Study("digits", SPACE, store=None, **options)
    source = study_source(study.spec).removesuffix(")") + "    store=None,\n)"
    again = eval(source, {"rung": rung})
    assert again.spec == study.spec
    assert again.space == study.space
    assert max(map(len, source.splitlines())) <= 100
