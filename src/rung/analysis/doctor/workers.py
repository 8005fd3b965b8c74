"""Checks of the workers: are they busy, is one of them slow, and what does saving cost?"""

from collections import defaultdict
from collections.abc import Iterator, Sequence

import numpy as np

from rung.analysis.data import JobRow
from rung.analysis.doctor.case import Case, need
from rung.analysis.doctor.finding import Finding
from rung.words import duration, units

IDLE = 0.25
SLOW = 2.0
SAVING = 0.05
SHORT_S = 10.0  # of a study, below which its workers' time is no matter
PAUSE_S = 60.0  # without any job: between two runs


def idle(case: Case) -> Iterator[Finding]:
    """Workers waited while others worked."""
    jobs = case.data.jobs
    need(bool(jobs), "there is no job")
    runs = _runs(jobs)
    widths = [_at_once(run) for run in runs]
    need(
        len(jobs) >= 10 * max(widths),
        f"{len(jobs)} jobs for {units(max(widths), 'worker')}, 10 for each are needed",
    )
    room = sum(width * _length(run) for run, width in zip(runs, widths, strict=True))
    need(max(widths) >= 2 and sum(map(_length, runs)) >= SHORT_S, "there was one worker, or hardly any work")
    share = 1 - sum(job.ended - job.began for job in jobs) / room
    if share > IDLE:
        reason = (
            max(case.log.idle.items(), key=lambda item: item[1])[0] if case.log and case.log.idle else None
        )
        why = f" The log's most frequent reason: {reason}." if reason else ""
        yield Finding(
            "idle",
            "advice",
            f"Workers were idle for {share:.0%} of the time while the study ran, {duration(share * room)} of "
            f"{duration(room)} over up to {max(widths)} workers.{why}",
            "Use fewer workers, a scheduler that does not wait (ASHA), or shorter last jobs.",
            {"share": share, "workers": max(widths), "seconds": room, "reason": reason or ""},
        )


def slow(case: Case) -> Iterator[Finding]:
    """One worker takes much longer for the same work."""
    from scipy.stats import mannwhitneyu

    paces: dict[int, list[float]] = defaultdict(list)
    for job in case.data.jobs:
        if job.outcome == "reached" and job.target > job.start:
            work = job.target - (0 if case.data.resource.restarts else job.start)
            paces[job.worker].append((job.ended - job.began) / work)
    known = {worker: pace for worker, pace in paces.items() if len(pace) >= 5}
    need(len(known) >= 2, "fewer than 2 workers have ended 5 jobs")
    slowest = max(known, key=lambda worker: float(np.median(known[worker])))
    others = [pace for worker, paces in known.items() if worker != slowest for pace in paces]
    ratio = float(np.median(known[slowest]) / max(float(np.median(others)), 1e-9))
    chance = float(mannwhitneyu(known[slowest], others, alternative="greater").pvalue) * len(known)
    if ratio >= SLOW and chance < 0.001 and sum(known[slowest]) >= 1.0:
        yield Finding(
            "slow_worker",
            "advice",
            f"Worker {slowest} is slow: it takes {ratio:.1f} times as long for {case.units(1)} as the others "
            f"(median of {len(known[slowest])} jobs).",
            "See what else runs on its machine, or leave it out.",
            {"worker": slowest, "ratio": ratio, "jobs": len(known[slowest]), "p_value": chance},
        )


def saving(case: Case) -> Iterator[Finding]:
    """Saving checkpoints takes much of the time."""
    need(case.log is not None, "the log is not at hand")
    assert case.log is not None
    training = sum(trial.seconds for trial in case.data.trials)
    need(training + case.log.saving_s >= SHORT_S, "hardly any time was spent")
    share = case.log.saving_s / (training + case.log.saving_s)
    if share > SAVING:
        yield Finding(
            "saving",
            "advice",
            f"Saving checkpoints took {duration(case.log.saving_s)}, {share:.0%} of the workers' time.",
            "Save less (only what training needs to go on), to a faster disk, or less often: Checkpoints(every_s=…).",
            {"seconds": case.log.saving_s, "share": share},
        )


def _runs(jobs: Sequence[JobRow]) -> list[list[JobRow]]:
    """Jobs by run: a pause without any job, of a minute and a tenth of the time so far, parts two of them."""
    runs: list[list[JobRow]] = []
    end = 0.0
    for job in sorted(jobs, key=lambda job: job.began):
        if not runs or job.began - end > max(PAUSE_S, 0.1 * end):
            runs.append([])
        runs[-1].append(job)
        end = max(end, job.ended)
    return runs


def _length(run: Sequence[JobRow]) -> float:
    return max(job.ended for job in run) - min(job.began for job in run)


def _at_once(run: Sequence[JobRow]) -> int:
    """The most jobs that were open at a time; one that begins as another ends does not count with it."""
    changes = sorted([(job.began, 1) for job in run] + [(job.ended, -1) for job in run])
    return int(np.cumsum([change for _, change in changes]).max())
