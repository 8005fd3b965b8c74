"""The gate: who passes, who does not, and how often it errs."""

from collections.abc import Iterable

import numpy as np
import pytest

import rung
from rung.core import event as ev
from rung.core.decision import Fact, Failed, JobGranted, Observed, TrialCreated, TrialStopped
from rung.core.space import Config
from rung.core.why import sentence
from rung.models.betting import evidence
from rung.schedulers.gate import Gate, LiveGate
from schedulers.asks import OBJECTIVES, SPACE, ask


def live(**options: float) -> LiveGate:
    return Gate(**{"max_resource": 20, **options}).start(SPACE, OBJECTIVES, 0)  # type: ignore[arg-type]


def plays(trial: int, losses: Iterable[float], first: int = 1) -> Iterable[Fact]:
    """What a trial of which these losses are known would have told, one after the other."""
    for instance, loss in enumerate(losses, first):
        yield Observed(trial, instance, (0.0,), (loss,))


def tell(gate: LiveGate, *facts: Fact) -> None:
    for fact in facts:
        gate.apply(fact)


def duel(gate: LiveGate, incumbent: Iterable[float], challenger: Iterable[float]) -> str:
    """The rule by which trial 1, all of whose instances are played, stands against trial 0."""
    tell(gate, TrialCreated(0), TrialCreated(1), *plays(0, incumbent), *plays(1, challenger))
    return gate.why(1).rule


# By hand


def test_seven_wins_in_a_row_pass_at_95_percent_and_six_do_not() -> None:
    """(2**8 - 1) / 8 = 31.9 is above 1 / 0.05 = 20, and (2**7 - 1) / 7 = 18.1 is not."""
    assert duel(live(), [1.0] * 20, [0.5] * 6) == "undecided"
    gate = live()
    assert duel(gate, [1.0] * 20, [0.5] * 7) == "passed the gate"
    why = gate.why(1)
    assert (why.resource, why.value, why.threshold, why.trial) == (7, 1.0, 0.5, 0)
    assert gate.why(0).rule == "dethroned"
    assert gate.status(0) == "complete"  # it has played all instances


def test_seven_losses_in_a_row_turn_a_challenger_away() -> None:
    gate = live(max_resource=200)
    assert duel(gate, [0.5] * 20, [1.0] * 7) == "turned away"
    assert gate.status(1) == "stopped"


def test_who_cannot_pass_any_more_is_out_at_once() -> None:
    """Of 10 instances 9 wins and a loss do not pass, of 11 instances 10 wins and a loss do."""
    assert evidence(9, 0, 1, 0.5) < 20 < evidence(10, 0, 1, 0.5)
    assert duel(live(max_resource=10), [1.0] * 10, [2.0]) == "cannot pass"
    assert duel(live(max_resource=11), [1.0] * 11, [2.0]) == "undecided"


def test_equal_values_count_half() -> None:
    gate = live(max_resource=60)
    assert duel(gate, [1.0] * 60, [1.0] * 20) == "undecided"
    assert gate.why(1).value == 0.5
    tell(gate, *plays(1, [0.5] * 7, first=21))
    assert gate.why(1).rule == "passed the gate"  # draws at a threshold of a half tell nothing
    assert gate.why(1).value == pytest.approx(17 / 27)


def test_a_gate_above_a_half_asks_for_more_than_a_gate_at_a_half() -> None:
    wins = [0.5, 0.5, 0.5, 2.0] * 9  # three of four
    assert duel(live(max_resource=36), [1.0] * 36, wins) == "passed the gate"
    assert duel(live(max_resource=36, threshold=0.6), [1.0] * 36, wins) in ("cannot pass", "not passed")


# The error


def passed(rng: np.random.Generator, rate: float, draws: float, **options: float) -> bool:
    """Whether a challenger with this chance to win passes, draws included by half."""
    gate = live(**options)
    tell(gate, TrialCreated(0), TrialCreated(1), *plays(0, [1.0] * 40))
    wins = rate - draws / 2
    for instance, loss in enumerate(rng.choice([0.5, 1.0, 2.0], 40, p=[wins, draws, 1 - wins - draws]), 1):
        tell(gate, *plays(1, [float(loss)], first=instance))
        if gate.why(1).rule != "undecided":
            break
    return gate.why(1).rule == "passed the gate"


@pytest.mark.parametrize(
    ("rate", "draws", "confidence"), [(0.5, 0.0, 0.95), (0.5, 0.3, 0.9), (0.4, 0.0, 0.95)]
)
def test_of_2000_challengers_that_are_no_better_at_most_the_stated_share_passes(
    rate: float, draws: float, confidence: float
) -> None:
    rng = np.random.default_rng(11)
    share = np.mean([passed(rng, rate, draws, max_resource=40, confidence=confidence) for _ in range(2000)])
    assert share <= 1 - confidence
    assert share > 0 or rate < 0.5  # else the test could not fail


def test_a_gate_with_a_threshold_keeps_its_word_at_that_threshold() -> None:
    rng = np.random.default_rng(12)
    share = np.mean([passed(rng, 0.55, 0.1, max_resource=40, threshold=0.55) for _ in range(2000)])
    assert 0 < share <= 0.05


def test_who_is_much_better_nearly_always_passes() -> None:
    rng = np.random.default_rng(13)
    assert np.mean([passed(rng, 0.85, 0.0, max_resource=40) for _ in range(300)]) > 0.9


# Several challengers


def test_when_one_is_promoted_the_others_are_compared_with_it_on_what_both_have_played() -> None:
    gate = live()
    tell(gate, *(TrialCreated(trial) for trial in range(4)), *plays(0, [5.0] * 20))
    tell(gate, *plays(1, [4.0] * 6), *plays(2, [3.0] * 5), *plays(3, [4.5] * 4))
    assert [gate.why(trial).rule for trial in (1, 2, 3)] == ["undecided"] * 3
    tell(gate, *plays(1, [4.0], first=7))
    assert gate.why(1).rule == "passed the gate"
    assert (gate.why(2).trial, gate.why(2).value, gate.why(2).resource) == (1, 1.0, 5)
    assert (gate.why(3).trial, gate.why(3).value, gate.why(3).resource) == (1, 0.0, 4)


def test_the_eldest_challenger_takes_the_place_of_an_incumbent_that_has_failed() -> None:
    gate = live()
    tell(gate, *(TrialCreated(trial) for trial in range(3)), *plays(1, [1.0] * 3), *plays(2, [2.0] * 3))
    assert gate.apply(Failed(0, 3)) == [1]
    assert gate.why(1).rule == "heir"
    assert (gate.why(2).trial, gate.why(2).value) == (1, 0.0)
    gate.apply(TrialStopped(1))
    gate.apply(Failed(2, 4))
    assert gate.decide(ask()).why.rule == "first incumbent"  # nobody is left


def test_who_is_decided_in_the_middle_of_a_batch_is_stopped() -> None:
    gate = live(min_resource=20, max_resource=200)
    tell(gate, TrialCreated(0), *plays(0, [1.0] * 20))
    tell(gate, TrialCreated(1), JobGranted(1, 1, 0, 20), *plays(1, [2.0] * 7))
    decision = gate.decide(ask(n_slots=0))
    assert (type(decision).__name__, decision.why.rule) == ("Stop", "turned away")


# In a study


def skill(config: Config, resource: int, seed: int) -> tuple[dict[str, object], float]:
    """The better x, the more often it wins; each instance has its own hardness."""
    x = config["x"]
    assert isinstance(x, float)
    noise = np.random.default_rng([resource, seed]).normal()
    return {"score": x + np.random.default_rng(resource).normal() + 0.2 * noise}, 1.0 + resource % 2


def study(workers: int, seed: int = 0, **options: int) -> rung.Study:
    found = rung.Study(
        "gated",
        rung.Space(x=rung.Float(0.0, 1.0, default=0.2)),
        maximize="score",
        scheduler=rung.Gate(max_resource=30, **options),
        resource=rung.Replicates("game"),
        store=None,
        seed=seed,
    )
    executor = rung.Simulated(problem=skill, workers=workers)
    return found.run(executor=executor, budget=rung.Budget(trials=25))


@pytest.mark.parametrize(("workers", "batch"), [(1, 1), (5, 1), (5, 8)])
def test_incumbents_become_better_and_the_last_one_has_played_as_far_as_anybody(
    workers: int, batch: int
) -> None:
    for seed in range(3):
        found = study(workers, seed, min_resource=batch)
        reasons = [found.state.why(trial.number) for trial in found.trials]
        xs = [float(trial.config["x"]) for trial in found.trials]
        beaten = [(trial, why.trial) for trial, why in enumerate(reasons) if why.rule == "dethroned"]
        (last,) = [trial for trial, why in enumerate(reasons) if why.rule == "passed the gate"]
        assert (xs[0], reasons[0].rule) == (0.2, "dethroned")
        assert all(winner is not None and xs[winner] > xs[loser] for loser, winner in beaten)
        assert xs[last] > 0.6
        assert found.trials[last].resource == max(trial.resource for trial in found.trials)
        assert found.state.account.resource < 25 * 30 * 0.6  # most are decided early


def test_reasons_read_well() -> None:
    found = study(3)
    texts = [sentence(found.state.why(trial.number), "game") for trial in found.trials]
    texts += [sentence(e.event.why, "game") for e in found.events() if isinstance(e.event, ev.Started)]
    assert not any("None" in text for text in texts)
    assert any(text.startswith("the incumbent: won ") and "more than 50%" in text for text in texts)
    assert any("to win the" in text or "not more than 50% with confidence" in text for text in texts)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"max_resource": 6}, "even who wins all of these instances does not pass a gate with threshold 0.5"),
        ({"max_resource": 30, "threshold": 55}, "threshold must be a share of instances above 0 and below 1"),
        (
            {"max_resource": 30, "min_resource": 31},
            "min_resource must be at most max_resource, got 31 and 30",
        ),
        ({"max_resource": 30, "confidence": 0.2}, "confidence must be above 0.5 and below 1, got 0.2"),
    ],
)
def test_wrong_options_get_a_sentence(options: dict[str, float], words: str) -> None:
    with pytest.raises(rung.SpecError, match=words):
        rung.Gate(**options)  # type: ignore[arg-type]
