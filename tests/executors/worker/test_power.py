"""Money and energy of trainings: by declared power, by counters made here, and in real workers."""

import os
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

import rung
from executors import trainings
from executors.fake_nvml import Device, Process, nvml
from rung.core.budget import Budget
from rung.core.errors import MisuseError
from rung.core.tariff import Tariff
from rung.executors.worker import power
from rung.executors.worker.power import Spending
from rung.executors.worker.ranked import Ranked
from rung.summary import summary

SPACE = rung.Space(x=rung.Float(0.0, 1.0))
MEASURED = Tariff({}, {})


class Machine:
    """A machine whose counters are files in a folder, and whose time passes when it is told so."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.stat, self.zones = folder / "stat", folder / "powercap"
        self.own_s = 0.0
        self.busy(0)
        monkeypatch.setattr(power, "STAT", self.stat)
        monkeypatch.setattr(power, "POWERCAP", self.zones)
        self.of_gang_s = 0.0
        monkeypatch.setattr(
            power, "tree_cpu_s", lambda root: {None: self.own_s, os.getppid(): self.of_gang_s}[root]
        )
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")

    def zone(self, number: str, name: str, joules: float) -> None:
        """A counter of energy as the kernel shows it, which begins again after 1000 J."""
        folder = self.zones / f"intel-rapl:{number}"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "name").write_text(f"{name}\n")
        (folder / "energy_uj").write_text(f"{round(joules * 1e6)}\n")
        (folder / "max_energy_range_uj").write_text(f"{1_000_000_000 - 1}\n")

    def busy(self, seconds: float) -> None:
        """Processor time of all its processes."""
        ticks = round(seconds * power._TICKS)
        self.stat.write_text(f"cpu  {ticks - ticks // 2} 0 {ticks // 2} 99999 77 0 0 5 0 0\ncpu0 1 2 3\n")


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    return Machine(tmp_path, monkeypatch)


@pytest.fixture
def gpu(monkeypatch: pytest.MonkeyPatch, machine: Machine) -> Iterator[Device]:
    device = Device(millijoules=7_000)
    module: ModuleType = nvml([device])
    monkeypatch.setitem(sys.modules, "pynvml", module)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0")
    return device


def opened(tariff: Tariff) -> Spending:
    spending = Spending(tariff)
    spending.open()
    return spending


def test_nothing_is_said_where_nobody_asks(machine: Machine) -> None:
    assert opened(Tariff({}, None)).spent(100.0) == {}


def test_an_hour_costs_the_rate_and_draws_the_declared_power(machine: Machine) -> None:
    spending = opened(Tariff({"cpu": 0.5}, {"cpu": 65.0}))
    assert spending.spent(3600.0) == {"money": 0.5, "energy": 65.0 * 3600}


def test_the_kind_of_a_machine_is_what_its_environment_says(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RUNG_KIND", "a100")
    assert opened(Tariff({"cpu": 0.5, "a100": 3.6}, None)).spent(10.0) == {"money": pytest.approx(0.01)}


def test_a_processor_is_shared_by_busy_time_and_its_parts_do_not_count_twice(machine: Machine) -> None:
    for number, name in (("0", "package-0"), ("0:0", "core"), ("0:1", "dram"), ("1", "psys")):
        machine.zone(number, name, 100.0)
    spending = opened(MEASURED)
    for number, name in (("0", "package-0"), ("0:0", "core"), ("0:1", "dram"), ("1", "psys")):
        machine.zone(number, name, 140.0 if name != "dram" else 120.0)
    machine.own_s = 3.0
    before = spending.spent(9.0)
    machine.busy(4.0)
    assert spending.spent(9.0) == {"energy": pytest.approx(60.0 * 3 / 4)}
    assert before == {
        "energy": pytest.approx(60.0)
    }  # the machine's time is counted coarsely: never more than all
    spending.begin()
    assert spending.spent(9.0) == {"energy": 0.0}


def test_a_counter_that_begins_again_has_gone_on(machine: Machine) -> None:
    machine.zone("0", "package-0", 990.0)
    spending = opened(MEASURED)
    machine.zone("0", "package-0", 15.0)
    machine.own_s = 1.0
    assert spending.spent(1.0) == {"energy": pytest.approx(25.0)}


def test_a_measurement_counts_more_than_what_is_declared(machine: Machine) -> None:
    machine.zone("0", "package-0", 0.0)
    spending = opened(Tariff({}, {"cpu": 1000.0}))
    machine.zone("0", "package-0", 2.0)
    machine.own_s = 1.0
    assert spending.spent(1.0) == {"energy": pytest.approx(2.0)}


def test_a_gpu_is_shared_among_its_processes_and_the_processor_joins(machine: Machine, gpu: Device) -> None:
    machine.zone("0", "package-0", 0.0)
    spending = opened(MEASURED)
    gpu.millijoules = 13_000
    assert spending.spent(1.0) == {"energy": pytest.approx(6.0)}
    gpu.processes = [Process(1, 0), Process(2, 0), Process(3, 0)]
    machine.zone("0", "package-0", 1.0)
    machine.own_s = 1.0
    assert spending.spent(1.0) == {"energy": pytest.approx(2.0 + 1.0)}


def test_a_gang_draws_what_all_its_ranks_do_on_each_of_its_machines(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GROUP_WORLD_SIZE", "3")
    machine.zone("0", "package-0", 0.0)
    spending = Spending(MEASURED, Ranked(0, 6))
    spending.open()
    machine.zone("0", "package-0", 10.0)
    machine.busy(4.0)
    machine.own_s, machine.of_gang_s = 1.0, 2.0
    assert spending.spent(1.0) == {"energy": pytest.approx(3 * 10.0 * 2 / 4)}


def test_a_gpu_that_does_not_say_has_the_declared_power_whatever_processors_say(
    machine: Machine, gpu: Device
) -> None:
    machine.zone("0", "package-0", 0.0)
    gpu.millijoules = None
    assert opened(Tariff({}, {"gpu": 300.0})).spent(2.0) == {"energy": 600.0}


@pytest.mark.parametrize(
    ("tariff", "sentence"),
    [
        (
            Tariff({"gpu": 2.5, "tpu": 1}, None),
            r"kind 'cpu' has no rate: rates= names 'gpu', 'tpu'\. Add 'cpu'",
        ),
        (Tariff({}, {"gpu": 300}), r"neither NVML nor RAPL can be read there, and watts= names 'gpu'\. Add"),
        (MEASURED, r"watts= names no kind\. Add 'cpu' with the watts"),
    ],
)
def test_a_machine_of_which_nothing_is_known_gets_a_sentence(
    machine: Machine, tariff: Tariff, sentence: str
) -> None:
    with pytest.raises(MisuseError, match=sentence):
        opened(tariff)


# Studies


BOTH = {"rates": {"cpu": 3600.0}, "watts": {"cpu": 50.0}}


def test_a_training_knows_what_it_spends_and_objectives_may_name_it() -> None:
    study = rung.Study(
        "front", SPACE, minimize=["error", "energy"], scheduler=rung.FIFO(max_resource=2), store=None
    )
    study.run(trainings.spending, executor=rung.Local(workers=1), budget=Budget(trials=3, **BOTH))
    account = study.state.account
    assert account.spent["money"] == pytest.approx(account.seconds)  # 1 a second
    assert account.spent["energy"] >= 0.0
    trial = study.trials[0]
    assert trial.spent["money"] == pytest.approx(trial.seconds)
    assert {"error", "energy"} == trial.values.keys()
    assert study.to_frame()["spent.money"].sum() == pytest.approx(account.seconds)


def test_what_was_measured_stands_in_the_log_and_in_words(machine: Machine, tmp_path: Path) -> None:
    """Each step takes 4 J and half of the machine's time."""
    machine.zone("0", "package-0", 0.0)

    def train(trial: rung.Trial) -> None:
        for step in trial.steps():
            machine.own_s += 1.0
            machine.busy(2.0 * machine.own_s)
            machine.zone("0", "package-0", 4.0 * machine.own_s)
            trial.report(error=1 / step)

    def opened_study() -> rung.Study:
        store = str(tmp_path / "rung.db")
        return rung.Study("x", SPACE, minimize="error", scheduler=rung.FIFO(max_resource=3), store=store)

    budget = Budget(energy=18.0, watts={})
    with opened_study() as study:
        study.run(train, executor=rung.InProcess(), budget=budget)
        assert study.state.account.paid("energy") == pytest.approx(18.0)
    with opened_study() as study:
        assert study.state.account.spent == pytest.approx({"energy": 18.0})
        assert study.trials[0].spent == pytest.approx({"energy": 6.0})
        assert summary(study.state, "x").costs == "energy 18"
        assert study.replay().first is None


def test_what_a_training_reports_itself_stands(machine: Machine) -> None:
    def train(trial: rung.Trial) -> None:
        for _ in trial.steps():
            trial.report(error=1.0, energy=7.0)

    study = rung.Study("own", SPACE, minimize="error", scheduler=rung.FIFO(max_resource=2), store=None)
    study.run(train, executor=rung.InProcess(), budget=Budget(energy=28.0, watts={"cpu": 5.0}))
    assert study.state.account.spent == {"energy": 28.0}


def test_a_study_stops_at_a_kind_without_a_rate_and_says_so() -> None:
    study = rung.Study("unknown", SPACE, minimize="error", scheduler=rung.FIFO(max_resource=2), store=None)
    with pytest.raises(MisuseError, match="kind 'cpu' has no rate"):
        study.run(
            trainings.spending,
            executor=rung.Local(workers=1, gpus=()),
            budget=Budget(trials=3, rates={"tpu": 1.0}),
        )
    assert not study.state.account.trained


# In virtual time


def minute(config: dict[str, float], epoch: int, seed: int) -> tuple[dict[str, float], float]:
    return {"error": config["x"] + 1 / epoch}, 60.0


def unequal(scheduler: object, budget: Budget, **study: object) -> rung.Study:
    found = rung.Study(
        "unequal", SPACE, scheduler=scheduler, **{"minimize": "error", "store": None, "seed": 0, **study}
    )
    machines = {"kinds": {"gpu": 1}, "speeds": {"gpu": 4.0}}
    return found.run(executor=rung.Simulated(problem=minute, workers=3, **machines), budget=budget)


RATES = {"gpu": 2.4, "cpu": 0.3}
WATTS = {"gpu": 300.0, "cpu": 60.0}


def test_a_quick_worker_trains_more_and_a_dear_one_costs_more() -> None:
    """The gpu takes 15 s for a unit, which cost 0.01 and 4500 J; a cpu 60 s, which cost 0.005 and 3600 J."""
    study = unequal(rung.FIFO(max_resource=1), Budget(trials=60, rates=RATES, watts=WATTS))
    quick = [trial for trial in study.trials if trial.seconds == 15.0]
    slow = [trial for trial in study.trials if trial.seconds == 60.0]
    assert (len(quick), len(slow)) == (40, 20)
    assert all(trial.spent == pytest.approx({"money": 0.01, "energy": 4500.0}) for trial in quick)
    assert all(trial.spent == pytest.approx({"money": 0.005, "energy": 3600.0}) for trial in slow)
    assert study.state.account.spent["money"] == pytest.approx(0.5)
    assert study.replay().first is None


def test_a_budget_of_money_ends_when_it_is_spent() -> None:
    study = unequal(rung.FIFO(max_resource=1), Budget(money=0.5, rates=RATES))
    spent = study.state.account.spent["money"]
    assert 0.5 - 0.02 <= spent <= 0.5 + 0.01 + 2 * 0.005  # what ran when it was spent, is paid


def test_a_budget_of_energy_ends_when_it_is_spent() -> None:
    study = unequal(rung.FIFO(max_resource=1), Budget(energy=1e5, watts=WATTS))
    assert 1e5 - 9000 <= study.state.account.spent["energy"] <= 1e5 + 4500 + 2 * 3600


@pytest.mark.parametrize(("money", "energy", "first"), [(0.5, 1e6, "money"), (5.0, 1e5, "energy")])
def test_of_money_and_energy_the_one_that_is_spent_first_ends_the_study(
    money: float, energy: float, first: str
) -> None:
    budget = Budget(money=money, rates=RATES, energy=energy, watts=WATTS)
    account = unequal(rung.FIFO(max_resource=1), budget).state.account
    assert account.overdrawn() == first or account.room() < 1
    assert 0.9 < account.spent[first] / budget.costs[first] < 1.2
    assert all(account.spent[name] < 0.5 * limit for name, limit in budget.costs.items() if name != first)


def test_rungs_lie_at_equal_money_and_replay_agrees() -> None:
    scheduler = rung.CostASHA(max_resource=100, max_cost=0.09, min_cost=0.03, eta=3, cost="money")
    study = unequal(scheduler, Budget(trials=40, rates=RATES))
    spent = Counter(round(trial.spent["money"], 9) for trial in study.trials)
    assert spent.keys() <= {0.03, 0.09, 0.15}  # 6 steps for 0.03 on a cpu, then 12 more for 0.12 on the gpu
    assert spent[0.03] >= 10
    assert spent[0.09] >= 10
    # at 0.01 or 0.005 a step; 15, where one that began on the gpu went on on a cpu that was free
    assert {trial.resource for trial in study.trials} <= {3, 6, 9, 15, 18}
    assert study.replay().first is None


def test_a_simulated_kind_without_a_rate_is_refused_before_anything_is_trained() -> None:
    with pytest.raises(MisuseError, match="kind 'gpu' has no rate: rates= names 'cpu'"):
        unequal(rung.FIFO(max_resource=1), Budget(trials=2, rates={"cpu": 1.0}))


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"kinds": {"gpu": 4}}, "kinds names 4 workers, but there are workers=3"),
        ({"kinds": {"gpu": 0}}, r"kinds\['gpu'\]"),
        ({"kinds": ["gpu"]}, "kinds is a dict"),
        (
            {"kinds": {"gpu": 1}, "speeds": {"tpu": 2.0}},
            "the kind 'tpu', of which no worker is; there are 'gpu', 'cpu'",
        ),
        ({"kinds": {"gpu": 1}, "speeds": {"gpu": 0.0}}, "the speed of 'gpu' is a number above 0, got 0.0"),
    ],
)
def test_simulated_machines_that_make_no_sense_are_refused(options: dict[str, object], sentence: str) -> None:
    with pytest.raises(rung.SpecError, match=sentence):
        rung.Simulated(problem=minute, workers=3, **options)  # type: ignore[arg-type]
