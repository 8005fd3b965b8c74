"""`rung workers`: who trains what, on which machine, since when."""

import time
from contextlib import closing

from rung.cli.opening import STORE, StoreOption, StudyArgument, name_in, open_study
from rung.cli.tables import Table
from rung.core.record import OpenJob
from rung.core.state import State
from rung.stores.events import open_store
from rung.words import duration, units

HERE = "this machine"  # for a driver that does not say


def workers(study: StudyArgument = None, store: StoreOption = STORE) -> None:
    """List the workers of a running study that have a job: on which machine, what they train, and since when."""
    name = name_in(study, store)
    with closing(open_store(store)) as opened:
        note = next(note for note in opened.notes() if note.name == name)
    with open_study(name, store) as found:
        jobs = sorted(found.state.jobs.values(), key=lambda job: job.worker)
        if not note.is_held:
            left = (
                f"; {units(len(jobs), 'job')} that its last driver left go on with the next one"
                if jobs
                else ""
            )
            print(f"study {name} is not running{left}.")
            return
        _print(found.state, jobs)


def _print(state: State, jobs: list[OpenJob]) -> None:
    nodes = sorted({job.node for job in jobs if job.node})
    print(
        units(len(jobs), "worker") + " in training" + (f" on {units(len(nodes), 'machine')}" if nodes else "")
    )
    if not jobs:
        return
    rows = Table(">worker", "machine", ">trial", f">{state.resource.unit}", ">for")
    now = time.time()
    for job in jobs:
        trains_for = duration(max(0.0, now - job.since))
        rows.add(
            str(job.worker), job.node or HERE, str(job.trial), f"{job.position} of {job.target}", trains_for
        )
    rows.print()
