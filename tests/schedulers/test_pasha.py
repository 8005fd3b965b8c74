import math
import random
from itertools import combinations

import numpy as np
import pytest

from rung.core.decision import (
    Advance,
    Arrived,
    Failed,
    Finished,
    JobGranted,
    MinResourceRaised,
    New,
    Observed,
    TrialCreated,
)
from rung.core.errors import SpecError
from rung.core.objective import Objective
from rung.schedulers.pasha import PASHA, LivePASHA
from schedulers.asks import OBJECTIVES, SPACE, ask
from schedulers.test_asha import Promotion, as_reference


class Progressive(Promotion):
    """Algorithm 1 of the paper with soft ranking and epsilon as its section 4 defines them, by brute force."""

    def __init__(self, levels: list[int], eta: int) -> None:
        super().__init__(levels, eta)
        self.all_levels = levels
        self.k = 1  # K_t
        self.epsilon = 0.0
        self.curves: dict[int, dict[int, float]] = {}

    def get_job(self) -> tuple[str, int, int]:
        self.levels = self.all_levels[: self.k + 1]  # "for k = K_t - 1 ... 0"
        found = super().get_job()
        self.levels = self.all_levels
        return found

    def arrived(self, trial: int, level: int, loss: float) -> None:
        super().arrived(trial, level, loss)
        if level == self.all_levels[self.k] and self.k + 1 < len(self.all_levels):
            self._estimate()
            if not self._agree():
                self.k += 1

    def _alive(self) -> list[int]:
        return [trial for trial, loss in self.rungs[self.k].items() if loss < math.inf]

    def _estimate(self) -> None:
        """epsilon is the 90th percentile of |f_rj(c) - f_rj(c')| over the pairs that criss-cross, r_j > r_k > r_l."""
        top, noise = self.all_levels[self.k], []
        for one, other in combinations(self._alive(), 2):
            signs = {
                r: np.sign(self.curves[one][r] - self.curves[other][r])
                for r in self.curves[one]
                if r <= top and r in self.curves[other]
            }
            last = signs[top]
            if last and any(
                signs[k] == -last and signs[low] == last for k in signs for low in signs if low < k < top
            ):
                noise.append(abs(self.curves[one][top] - self.curves[other][top]))
        if noise:
            self.epsilon = float(np.percentile(noise, 90))

    def _agree(self) -> bool:
        """Each trial of the top rung is in the soft rank of its place in the rung below."""
        top, below = self.rungs[self.k], self.rungs[self.k - 1]
        then = sorted(self._alive(), key=lambda trial: (below[trial], trial))
        now = sorted(self._alive(), key=lambda trial: (top[trial], below[trial], trial))
        return all(
            trial in {other for other in then if abs(below[other] - below[then[place]]) <= self.epsilon}
            for place, trial in enumerate(now)
        )


def curve(draws: random.Random, length: int, noise: float, values: int) -> list[float]:
    """A falling curve with noise, rounded so that ties occur."""
    asymptote, start = draws.random(), 1 + draws.random()
    exact = [asymptote + start / (step + 1) for step in range(length)]
    return [round((loss + noise * draws.gauss(0, 1)) * values) / values for loss in exact]


@pytest.mark.parametrize("values", [10, 10**9], ids=lambda values: f"{values} values")
@pytest.mark.parametrize("noise", [0.0, 0.02, 0.3])
@pytest.mark.parametrize(("eta", "high"), [(2, 16), (3, 27), (4, 50)])
def test_it_decides_as_algorithm_1_of_the_paper(eta: int, high: int, noise: float, values: int) -> None:
    for seed in range(2):
        spec, draws = PASHA(max_resource=high, eta=eta), random.Random(seed)
        live = spec.start(SPACE, OBJECTIVES, 0)
        paper = Progressive(list(spec.rung_levels()), eta)
        curves: dict[int, list[float]] = {}
        running: dict[int, tuple[int, int]] = {}
        for job in range(500):
            if running and (len(running) == 6 or draws.random() < 0.5):
                trial = draws.choice(sorted(running))
                start, target = running.pop(trial)
                if draws.random() < 0.05:
                    live.apply(Failed(trial, target))
                    paper.failed(trial, target)
                    continue
                for resource in range(start + 1, target + 1):
                    loss = curves[trial][resource - 1]
                    live.apply(Observed(trial, resource, (loss,), (loss,)))
                    paper.curves.setdefault(trial, {})[resource] = loss
                loss = curves[trial][target - 1]
                live.apply(Arrived(trial, target, (loss,)))
                paper.arrived(trial, target, loss)
                assert (live.top, live.epsilon) == (paper.all_levels[paper.k], pytest.approx(paper.epsilon))
                continue
            kind, trial, target = as_reference(live.decide(ask()), paper.n_trials)
            assert (kind, trial, target) == paper.get_job()
            if kind == "new":
                live.apply(TrialCreated(trial))
                curves[trial] = curve(draws, high, noise, values)
            start = 0 if kind == "new" else paper.all_levels[paper.all_levels.index(target) - 1]
            live.apply(JobGranted(job, trial, start, target))
            paper.granted(trial, target)
            running[trial] = start, target


def arrive(live: LivePASHA, trial: int, *losses: float, level: int = 3) -> LivePASHA:
    """A trial is trained to a level, with these losses at the last resources before and at it."""
    live.apply(TrialCreated(trial))
    live.apply(JobGranted(trial, trial, 0, level))
    for resource, loss in enumerate(losses, level - len(losses) + 1):
        live.apply(Observed(trial, resource, (loss,), (loss,)))
    live.apply(Arrived(trial, level, (losses[-1],)))
    return live


def test_epsilon_and_the_growth_of_the_ladder_in_an_example_by_hand() -> None:
    """Levels 1, 3 and 9. A and B cross at 2 and again at 3, where they differ by .08, and so on."""
    live = PASHA(max_resource=9).start(SPACE, OBJECTIVES, 0)
    assert live.top == 3  # R_0 = eta * r
    a, b, c, d, e = range(5)
    arrive(live, a, 0.50, 0.30, 0.28)
    assert live.epsilon == 0.0
    arrive(live, b, 0.40, 0.35, 0.20)  # ahead of A, behind, ahead
    assert live.epsilon == pytest.approx(0.08)
    arrive(live, c, 0.45, 0.34, 0.25)  # crosses A twice (.03) and B twice (.05)
    assert live.epsilon == pytest.approx(0.05 + 0.8 * 0.03)  # 90th percentile of .03, .05, .08
    arrive(live, d, 0.46, 0.29, 0.22)  # crosses B twice (.02)
    assert live.epsilon == pytest.approx(0.05 + 0.7 * 0.03)  # of .02, .03, .05, .08
    # B D C A at 3, B C D A at 1: C and D differ by .01 there, less than epsilon
    assert live.top == 3
    arrive(live, e, 0.80, 0.40, 0.19)  # last at 1, first at 3
    assert live.top == 9
    assert live.epsilon == pytest.approx(0.05 + 0.7 * 0.03)  # kept until there are new pairs


def test_nobody_goes_beyond_the_highest_rung_while_the_order_stays() -> None:
    live = PASHA(max_resource=27).start(SPACE, OBJECTIVES, 0)
    for trial in range(9):
        arrive(live, trial, 1.0 + trial, 0.9 + trial, 0.8 + trial)
    assert live.top == 3
    assert isinstance(live.decide(ask(may_create=False)), Finished)
    assert live.why(0).rule == "highest so far"
    assert live.status(0) == "paused"
    assert not any(live.passed_over(trial) for trial in range(9))


def test_when_a_rung_is_opened_the_best_go_on_and_the_standing_of_the_others_changes() -> None:
    live = PASHA(max_resource=27).start(SPACE, OBJECTIVES, 0)
    for trial in range(8):
        arrive(live, trial, 1.0 + trial, 0.9 + trial, 0.8 + trial)
    live.apply(TrialCreated(8))
    live.apply(JobGranted(8, 8, 0, 3))
    live.apply(Observed(8, 1, (9.0,), (9.0,)))
    live.apply(Observed(8, 3, (0.1,), (0.1,)))
    assert set(live.apply(Arrived(8, 3, (0.1,)))) == set(range(9))
    assert live.top == 9
    assert [live.passed_over(trial) for trial in (8, 0, 1, 2)] == [False, False, False, True]
    decision = live.decide(ask())
    assert isinstance(decision, Advance)
    assert (decision.trial, decision.target) == (8, 9)


def test_equal_losses_are_in_order() -> None:
    live = PASHA(max_resource=9).start(SPACE, OBJECTIVES, 0)
    for trial, before in enumerate((0.7, 0.6, 0.5)):
        arrive(live, trial, before, 0.4, 0.3)
    assert live.top == 3


def test_failed_trials_say_nothing_about_the_order() -> None:
    live = PASHA(max_resource=9).start(SPACE, OBJECTIVES, 0)
    arrive(live, 0, 0.5, 0.45, 0.4)
    for trial in (1, 2):
        live.apply(TrialCreated(trial))
        live.apply(JobGranted(trial, trial, 0, 3))
        live.apply(Observed(trial, 1, (0.1,), (0.1,)))
        live.apply(Failed(trial, 3))
    arrive(live, 3, 0.6, 0.55, 0.5)
    assert live.top == 3


def test_a_trial_that_went_further_under_other_options_opens_its_rung() -> None:
    live = PASHA(max_resource=27).start(SPACE, OBJECTIVES, 0)
    arrive(live, 0, 0.5, level=9)
    assert live.top == 9


def test_a_raised_lowest_rung_leaves_two_rungs_to_compare() -> None:
    live = PASHA(max_resource=27).start(SPACE, OBJECTIVES, 0)
    live.apply(MinResourceRaised(9))
    assert live.top == 27
    decision = live.decide(ask())
    assert isinstance(decision, New)
    assert decision.target == 9


def test_one_level_is_a_plain_run() -> None:
    live = PASHA(max_resource=1).start(SPACE, OBJECTIVES, 0)
    arrive(live, 0, 0.5, level=1)
    assert live.status(0) == "complete"


def test_several_objectives_are_refused() -> None:
    with pytest.raises(SpecError, match="ranks trials by one objective"):
        PASHA(max_resource=9).start(SPACE, (Objective("loss"), Objective("size")), 0)
