"""Population-based training for real: a problem that no member solves alone, and digits with worker processes."""

import hashlib
import importlib
import json
import pickle
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import rung
from rung.core import event as ev
from rung.core.history import HistoryView
from rung.core.rng import Rng
from rung.core.space import Config
from rung.schedulers.explore import Copied
from rung.schedulers.pbt import LivePBT, LiveSyncPBT

EXAMPLES = Path(__file__).parents[2] / "examples"

# The toy of figure 2 of the paper: maximize 1.2 - a² - b², where training sees 1.2 - h0 a² - h1 b² alone.

TOY = rung.Space(h0=rung.Float(0.0, 1.0), h1=rung.Float(0.0, 1.0))
CORNERS: list[Config] = [{"h0": 1.0, "h1": 0.0}, {"h0": 0.0, "h1": 1.0}]


def descend(trial: rung.Trial) -> None:
    a, b = json.loads((trial.checkpoint / "weights").read_text()) if trial.checkpoint else (0.9, 0.8)
    for _ in trial.steps():
        a -= 0.02 * 2 * trial.config["h0"] * a
        b -= 0.02 * 2 * trial.config["h1"] * b
        weights = json.dumps([a, b])
        trial.report(
            value=1.2 - a * a - b * b, save=lambda folder, w=weights: (folder / "weights").write_text(w)
        )  # type: ignore[misc]


def toy(scheduler: object, seed: int = 0) -> rung.Study:
    study = rung.Study("toy", TOY, maximize="value", scheduler=scheduler, store=None, seed=seed)  # type: ignore[arg-type]
    for config in CORNERS:
        study.enqueue(config)
    return study.run(descend, executor=rung.InProcess(), budget=rung.Budget(trials=2))


class Same:
    """Explores nothing: children have their parents' configurations."""

    def explore(self, copied: Copied, history: HistoryView, rng: Rng) -> Config:
        return dict(copied.config)


class ExploitOnly(rung.SyncPBT, frozen=True, tag="exploit-only"):
    def start(self, space: rung.Space, objectives: object, seed: int) -> LivePBT:
        return LiveSyncPBT(self, space, Same(), seed)


class ExploreOnly(rung.SyncPBT, frozen=True, tag="explore-only"):
    def start(self, space: rung.Space, objectives: object, seed: int) -> LivePBT:
        return AlwaysItself(self, space, self.explore, seed)


class AlwaysItself(LiveSyncPBT):
    """Every member goes on from its own weights with an explored configuration."""

    def _better(self, trial: int, ranking: object, order: object) -> list[int]:
        return [trial]


@pytest.fixture
def variants(monkeypatch: pytest.MonkeyPatch) -> None:
    """Variants of the scheduler, known for one test."""
    from rung.schedulers.registry import SCHEDULERS

    monkeypatch.setattr(SCHEDULERS, "_classes", dict(SCHEDULERS._classes))
    SCHEDULERS.add(ExploitOnly)
    SCHEDULERS.add(ExploreOnly)


@pytest.mark.usefixtures("variants")
def test_on_the_papers_toy_only_exploiting_and_exploring_together_come_to_the_optimum() -> None:
    def best(kind: type[rung.SyncPBT]) -> list[float | None]:
        return [toy(kind(100, population=2, interval=4), seed).best.value for seed in range(5)]

    alone = toy(rung.FIFO(100)).best.value
    assert alone == pytest.approx(1.2 - 0.8**2, abs=1e-3)  # each brings one weight to 0, and leaves the other
    assert best(ExploitOnly) == [pytest.approx(alone)] * 5
    both, explored = best(rung.SyncPBT), best(ExploreOnly)
    assert all(value is not None and 1.19 < value < 1.2 for value in both)
    assert all(value is not None and value < 1.18 for value in explored)


def training(folder: Path) -> Callable[[rung.Trial], None]:
    """Training on digits that notes what it restores and saves."""

    def train(trial: rung.Trial) -> None:
        sys.path.insert(0, str(folder))
        digits = importlib.import_module("digits_parts")
        (X, y), (X_val, y_val), _ = digits.load()

        def digest(model: object) -> str:
            return hashlib.sha256(b"".join(each.tobytes() for each in model.coefs_)).hexdigest()  # type: ignore[attr-defined]

        def save(to: Path) -> None:
            digits.save(model, to)
            (folder / f"saved {trial.number} at {model.epoch}").write_text(digest(model))

        if trial.checkpoint:
            model = pickle.loads((trial.checkpoint / "model.pickle").read_bytes())
            model.set_params(alpha=trial.config["alpha"], batch_size=trial.config["batch_size"])
            model._optimizer.learning_rate_init = trial.config["lr"]
            (folder / f"restored {trial.number} at {model.epoch}").write_text(digest(model))
        else:
            model = digits.network(trial.config, trial.seed)
        for epoch in trial.steps():
            model.partial_fit(X, y, classes=range(10))
            model.epoch = epoch
            trial.report(accuracy=model.score(X_val, y_val), save=save)

    return train


def digits_study(name: str, scheduler: object, folder: Path, seed: int) -> rung.Study:
    space = {
        "optimizer": "adam",
        "beta1": 0.9,
        "layers": 1,
        "width": 64,
        "lr": rung.Float(1e-4, 1e-2, log=True),
        "alpha": rung.Float(1e-6, 1e-1, log=True),
        "batch_size": rung.Choice([32, 64, 128], ordered=True),
    }
    return rung.Study(
        name,
        space,
        maximize="accuracy",
        resource=rung.Steps("epoch"),
        scheduler=scheduler,  # type: ignore[arg-type]
        store=folder / "digits.db",
        seed=seed,
    )


@pytest.mark.timeout(300)
def test_on_digits_a_child_goes_on_from_its_parents_weights_and_the_schedule_is_trained_anew(
    tmp_path: Path,
) -> None:
    pytest.importorskip("sklearn")
    parts = (EXAMPLES / "digits.py").read_text(encoding="utf-8").split("study = rung.Study(")[0]
    (tmp_path / "digits_parts.py").write_text(parts, encoding="utf-8")
    pbt = rung.SyncPBT(6, population=5, interval=2)
    with digits_study("pbt", pbt, tmp_path, 1) as study:
        study.run(training(tmp_path), workers=2, budget=rung.Budget(trials=5))
        created = [entry.event for entry in study.events() if isinstance(entry.event, ev.Created)]
        children = [event for event in created if event.parent is not None]
        assert len(children) == 2  # after 2 and 4 epochs one of five copies another
        for child in children:
            at = child_start(tmp_path, child.trial)
            restored = (tmp_path / f"restored {child.trial} at {at}").read_text()
            assert restored == (tmp_path / f"saved {child.parent} at {at}").read_text()
            assert child.config["lr"] != created[child.parent or 0].config["lr"]
        assert study.best.resource == 6
        assert study.state.account.trials == 5
        last = study.trials[children[-1].trial]
        schedule = rung.Schedule.from_json(study.schedule(last.number).to_json())
        assert schedule.phases[-1] == rung.Phase(4, 6, last.config)
    with digits_study("again", schedule, tmp_path, 2) as again:
        again.run(training(tmp_path), workers=1)
        assert len(again.trials) == len(schedule.phases)
        assert again.best.resource == 6
        assert again.schedule() == schedule
        assert again.best.value == by_hand(tmp_path, schedule, again.state.trials[0].seed)
        assert again.best.value == pytest.approx(last.value, abs=0.05)


def child_start(folder: Path, trial: int) -> int:
    """The epoch of the first checkpoint that a trial began from."""
    return min(int(path.name.rpartition(" ")[2]) for path in folder.glob(f"restored {trial} at *"))


def by_hand(folder: Path, schedule: rung.Schedule, seed: int) -> float:
    """The accuracy of a model that is trained along a schedule without rung."""
    sys.path.insert(0, str(folder))
    try:
        digits = importlib.import_module("digits_parts")
    finally:
        sys.path.remove(str(folder))
    (X, y), (X_val, y_val), _ = digits.load()
    model = digits.network(schedule.config_at(1), seed)
    for epoch in range(1, schedule.max_resource + 1):
        config = schedule.config_at(epoch)
        model.set_params(alpha=config["alpha"], batch_size=config["batch_size"])
        if epoch > 1:
            model._optimizer.learning_rate_init = config["lr"]
        model.partial_fit(X, y, classes=range(10))
    return float(model.score(X_val, y_val))
