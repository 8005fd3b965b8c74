from collections.abc import Mapping
from functools import partial

import msgspec
import pytest

from rung.core.errors import SpecError
from rung.core.history import History
from rung.core.parameter import Constant
from rung.core.rng import rng
from rung.core.scale import Scalar
from rung.core.space import Choice, Config, Float, Int, Space
from rung.schedulers.explore import Copied, Perturb, perturbed
from rung.schedulers.pbt import PBT

SPACE = Space(
    lr=Float(1e-5, 1e-1, log=True),
    momentum=Float(-1.0, 1.0),
    dropout=Float(0.0, 0.5, step=0.1),
    layers=Int(1, 8),
    width=Int(16, 1024, log=True),
    batch=Choice([16, 32, 64, 128], ordered=True),
    kind=Choice(["a", "b", "c"]),
    optimizer=Choice(
        {"adam": {"beta": Float(0.8, 0.99), "warm": Int(0, 4)}, "sgd": {"beta": Float(0.0, 0.5)}}
    ),
    seed=7,
)
CONFIG: Config = {
    "lr": 1e-3, "momentum": -0.5, "dropout": 0.2, "layers": 4, "width": 100, "batch": 32, "kind": "b",
    "optimizer": "adam", "beta": 0.9, "warm": 2, "seed": 7,
}  # fmt: skip


def column(name: str, space: Space = SPACE) -> "object":
    return next(each for each in space.columns if each.name == name)


def explored(
    how: Perturb, n: int, space: Space = SPACE, config: Mapping[str, Scalar] = CONFIG
) -> list[Config]:
    found = []
    for number in range(n):
        history = History(space, 1)
        for _ in range(number):
            history.add_trial({})
        found.append(how.explore(Copied(3, config, 9, space, 12), history.view(), partial(rng, 0)))
    return found


@pytest.mark.parametrize(
    ("name", "value", "factor", "moved"),
    [
        ("lr", 1e-3, 1.2, 1.2e-3),  # on its own scale, not on the logarithm
        ("lr", 1e-3, 0.8, 0.8e-3),
        ("lr", 0.09, 1.2, 1e-1),
        ("lr", 1.1e-5, 0.8, 1e-5),
        ("momentum", -0.5, 1.2, -0.6),
        ("momentum", 0.0, 1.2, 0.0),
        ("dropout", 0.2, 1.2, 0.3),  # to the next level at least
        ("dropout", 0.5, 1.2, 0.5),
        ("dropout", 0.0, 1.2, 0.1),
        ("dropout", 0.1, 0.8, 0.0),
        ("layers", 4, 1.2, 5),
        ("layers", 2, 1.2, 3),  # 2.4 is nearer to 2
        ("layers", 2, 0.8, 1),
        ("layers", 1, 0.8, 1),
        ("layers", 8, 1.2, 8),
        ("width", 100, 1.2, 120),
        ("width", 100, 0.8, 80),
        ("width", 1000, 1.2, 1024),
        ("batch", 32, 1.2, 64),
        ("batch", 32, 0.8, 16),
        ("batch", 128, 1.2, 128),
        ("kind", "b", 1.2, "b"),
        ("warm", 0, 1.2, 1),
        ("warm", 0, 0.8, 0),
    ],
)
def test_a_value_moves_by_a_factor_within_its_range(
    name: str, value: Scalar, factor: float, moved: Scalar
) -> None:
    assert perturbed(column(name), value, factor) == pytest.approx(moved)  # type: ignore[arg-type]


def test_without_resampling_every_child_is_near() -> None:
    for config in explored(Perturb(resample=0.0), 50):
        SPACE.check(config)
        assert config["lr"] in (0.0008, 0.0012)
        assert config["layers"] in (3, 5)
        assert config["batch"] in (16, 64)
        assert (config["kind"], config["optimizer"], config["seed"]) == ("b", "adam", 7)
        assert config["beta"] in (0.8, 0.99)  # 0.72 and 1.08, clipped
        assert config["warm"] in (1, 3)


def test_hyperparameters_move_independently_of_each_other() -> None:
    found = explored(Perturb(resample=0.0), 60)
    assert len({(config["lr"], config["layers"], config["batch"]) for config in found}) == 8


def test_a_quarter_is_drawn_anew() -> None:
    found = explored(Perturb(), 800)
    anew = sum(config["lr"] not in (0.0008, 0.0012) for config in found)
    assert 150 < anew < 250  # 200, within four standard deviations
    assert {config["kind"] for config in found} == {"a", "b", "c"}
    for config in found:
        SPACE.check(config)


def test_a_choice_that_opens_another_branch_draws_what_is_in_it() -> None:
    found = [config for config in explored(Perturb(), 400) if config["optimizer"] == "sgd"]
    assert found
    betas = {config["beta"] for config in found}
    assert len(betas) == len(found)  # of another range than the one of the same name in the other branch
    assert all("warm" not in config for config in found)


def test_everything_drawn_anew_has_nothing_of_the_parent() -> None:
    found = explored(Perturb(resample=1.0), 200)
    assert len({config["lr"] for config in found}) == 200
    assert min(config["lr"] for config in found) < 1e-4 < 1e-2 < max(config["lr"] for config in found)  # type: ignore[type-var]


def test_a_child_fits_the_present_space_whatever_its_parent_had() -> None:
    changes = {
        "lr": Float(1e-2, 1e-1, log=True),
        "layers": Constant(3),
        "width": Int(16, 64, log=True),
        "kind": Choice(["c", "d"]),
        "batch": Choice([64, 128], ordered=True),
        "optimizer": Choice({"sgd": {"beta": Float(0.0, 0.5)}}),
        "new": Float(0.0, 1.0, default=0.5),
    }
    space = Space({**SPACE.parameters, **changes})
    for config in explored(Perturb(resample=0.0), 30, space, space.completed(dict(CONFIG))):
        space.check(config)
        assert config["layers"] == 3
        assert config["lr"] == 1e-2  # the nearest to where the parent was
        assert config["width"] == 64
        assert config["new"] in (0.4, 0.6)


def test_the_same_history_gives_the_same_child() -> None:
    assert explored(Perturb(), 5) == explored(Perturb(), 5)


@pytest.mark.parametrize(
    "options", [{"factors": ()}, {"factors": (1.0, 1.2)}, {"factors": (-0.8,)}, {"resample": 1.5}]
)
def test_options_that_cannot_be_are_refused(options: dict[str, object]) -> None:
    with pytest.raises(SpecError, match=next(iter(options))):
        Perturb(**options)  # type: ignore[arg-type]


def test_a_spec_with_its_explore_step_reads_and_writes_itself() -> None:
    spec = PBT(100, explore=Perturb(factors=(0.5, 2.0), resample=0.1))
    assert msgspec.convert(msgspec.to_builtins(spec), PBT) == spec
    assert msgspec.json.decode(msgspec.json.encode(PBT(100)), type=PBT) == PBT(100)
