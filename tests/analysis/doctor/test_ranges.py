"""Ends of ranges, and log scales that are missing: found where they are, and only there."""

import rung
from analysis.tuned import tuned
from rung.analysis.data import read
from rung.analysis.doctor.case import Case
from rung.analysis.doctor.ranges import edges, logarithm


def case(space: dict[str, object], value, trials: int = 150, noise: float = 0.0) -> Case:
    return Case(read(tuned(space, value, trials=trials, noise=noise, duplicates="replicate")))


def test_values_that_are_best_at_an_end_are_found_with_their_bound() -> None:
    space = {"momentum": rung.Float(0.5, 0.9), "width": rung.Int(16, 64)}
    (found,) = edges(case(space, lambda momentum, width, resource: -momentum + width / 1e3))
    assert found.evidence["hyperparameter"] == "momentum"
    assert found.evidence["end"] == "high"
    assert "at the high end of its range, between 0.86 and 0.9, where" in found.sentence
    assert found.advice == "Try values above 0.9, if they make sense."


def test_an_optimum_inside_and_a_hyperparameter_without_effect_are_left_alone() -> None:
    space = {"x": rung.Float(0, 1), "idle": rung.Float(0, 1), "k": rung.Int(1, 3)}
    for noise in (0.0, 0.2):
        found = case(space, lambda x, idle, k, resource: (x - 0.7) ** 2 + (k - 2) ** 2 / 9, noise=noise)
        assert list(edges(found)) == []
        assert list(logarithm(found)) == []


def test_the_last_of_a_few_values_is_an_end_too() -> None:
    space = {"layers": rung.Int(1, 4), "size": rung.Choice([32, 64, 128, 256], ordered=True)}
    found = list(edges(case(space, lambda layers, size, resource: -layers - size / 256)))
    assert [one.evidence["hyperparameter"] for one in found] == ["layers", "size"]
    assert "at 4, where" in found[0].sentence
    assert found[1].advice == "Try values above 256, if they make sense."


def test_where_all_trials_crowd_the_best_ones_prove_nothing() -> None:
    space = {"x": rung.Float(0, 1), "y": rung.Float(0, 1)}
    study = rung.Study("crowd", space, minimize="loss", scheduler=rung.FIFO(max_resource=1), store=None)
    for k in range(100):
        study.enqueue({"x": 0.0005 * k, "y": (37 * k % 100) / 100})
    for _ in range(100):
        job = study.ask()
        assert job is not None
        study.tell(job, {"loss": (job.config["y"] - 0.5) ** 2})
    assert list(edges(Case(read(study)))) == []


def test_a_wide_linear_range_whose_low_end_is_good_needs_a_logarithm() -> None:
    space = {"lr": rung.Float(1e-4, 1.0), "y": rung.Float(0.3, 0.7)}
    found = case(space, lambda lr, y, resource: abs(lr - 0.02) + y / 100)
    (finding,) = logarithm(found)
    assert finding.evidence["hyperparameter"] == "lr"
    assert finding.advice.startswith("Give lr log=True, so")
    assert [one.evidence["hyperparameter"] for one in edges(found)] == []


def test_a_wide_linear_range_that_is_good_elsewhere_or_everywhere_does_not() -> None:
    wide = {"hidden": rung.Int(1, 1000), "lr": rung.Float(1e-4, 1.0), "dropout": rung.Float(0.0, 0.9)}

    def value(hidden: int, lr: float, dropout: float, resource: int) -> float:
        return abs(hidden - 700) / 1000 + abs(lr - 0.4) + 0 * dropout

    assert list(logarithm(case(wide, value))) == []
    logs = {"lr": rung.Float(1e-4, 1.0, log=True)}
    assert list(logarithm(case(logs, lambda lr, resource: abs(lr - 2e-4)))) == []
