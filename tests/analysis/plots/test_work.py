"""Rungs and the timeline of the workers."""

import pytest

import rung
from rung.analysis import plots
from rung.analysis.plots.levels import rungs_data
from rung.analysis.plots.timeline import timeline_data

from .studies import run


def test_each_level_counts_who_went_on_and_who_did_not() -> None:
    study = run(trials=9, scheduler=rung.ASHA(max_resource=9))
    data = rungs_data(study)
    assert data.levels == (1, 3, 9)
    assert data.arrived.tolist() == [len(study.at(level)[0]) for level in data.levels]
    assert data.fates["went on"].tolist() == [*data.arrived[1:].tolist(), 0]
    assert data.fates["complete"].tolist() == [0, 0, data.arrived[2]]
    assert sum(data.fates["paused"]) == sum(trial.status == "paused" for trial in study.trials)


@pytest.mark.parametrize(("sign", "agreement"), [(1.0, 1.0), (-1.0, -1.0)])
def test_the_agreement_of_ranks_is_that_of_trials_on_both_levels(sign: float, agreement: float) -> None:
    def turning(config, resource, seed):  # type: ignore[no-untyped-def]
        return {"loss": config["x"] if resource == 1 else sign * config["x"] ** 3}, 1.0

    data = rungs_data(run(turning, trials=40, scheduler=rung.ASHA(max_resource=3)))
    assert data.agreements == [pytest.approx(agreement)]


def test_a_block_of_the_timeline_is_a_job_and_tells_how_its_trial_left() -> None:
    study = run(trials=9, scheduler=rung.ASHA(max_resource=9))
    data = timeline_data(study)
    assert len(data.blocks) == len(study.jobs) == data.n_jobs
    ways = [block.left for block in data.blocks]
    assert set(ways) <= {"went on", "paused", "complete"}
    last = {job.trial: block.left for job, block in zip(study.jobs, data.blocks, strict=True)}
    assert last == {trial.number: trial.status for trial in study.trials}
    assert data.busy[0] == pytest.approx(study.account.seconds)
    assert data.known[0] == pytest.approx(study.duration)


def test_a_lost_worker_counts_until_it_was_lost() -> None:
    study = run(trials=30, workers=3, simulated={"losses_per_hour": 200}, scheduler=rung.FIFO(max_resource=5))
    data = timeline_data(study)
    lost = [job for job in study.jobs if job.outcome == "lost"]
    assert lost
    assert sum(block.left == "lost" for block in data.blocks) == len(lost)
    for job in lost:
        assert data.known[job.worker] == pytest.approx(
            data.busy[job.worker]
        )  # a simulated worker never idles here


def test_many_jobs_become_blocks_that_lose_none() -> None:
    study = run(trials=200, workers=3, scheduler=rung.ASHA(max_resource=9))
    data = timeline_data(study, limit=60)
    assert len(data.blocks) <= 60 + 3
    assert sum(block.n_jobs for block in data.blocks) == len(study.jobs)
    assert sum(block.busy for block in data.blocks) == pytest.approx(sum(data.busy.values()))
    assert any("jobs of" in block.about for block in data.blocks)


def test_the_lanes_name_each_worker_and_its_use() -> None:
    figure = plots.timeline(run(trials=12, workers=2, scheduler=rung.FIFO(max_resource=2)))
    assert list(figure.layout.yaxis.ticktext) == ["0: 100%", "1: 100%"]
