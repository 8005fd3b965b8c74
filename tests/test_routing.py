"""Which worker gives up its trial for another job: the one whose trial matters least, found without asking them all."""

import pytest

import rung
from registered import TAGS, resource, scheduler
from rung.core.space import Config
from rung.holders import Holders
from simulations import SPACE


def at_once(config: Config, resource: int, seed: int) -> tuple[dict[str, object], float]:
    """All workers end their steps at the same moment, so that many hold a trial when the next job is given."""
    lr = config["lr"]
    assert isinstance(lr, float)
    return {"loss": lr + 1 / resource}, 1.0


@pytest.mark.parametrize("tag", TAGS)
def test_the_worker_whose_trial_matters_least_is_found_as_if_all_were_asked(
    tag: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = Holders.least
    asked = []

    def least(self: Holders) -> int:
        worker = found(self)
        everybody = [(self._worth(trial), worker) for worker, trial in self.holding.items()]
        asked.append(len(everybody))
        assert worker == min(everybody)[1]
        return worker

    monkeypatch.setattr(Holders, "least", least)
    study = rung.Study(
        "routed",
        SPACE,
        minimize="loss",
        scheduler=scheduler(tag),
        resource=resource(tag),
        store=None,
    )
    executor = rung.Simulated(problem=at_once, workers=8, losses_per_hour=20, seed=1)
    study.run(executor=executor, budget=rung.Budget(trials=60))
    if tag in ("asha", "successive-halving", "hyperband"):
        assert max(asked) > 1  # there was a choice
