"""A round: a random study that is broken and resumed until it ends, and all that is then known of it."""

import shutil
import time
from contextlib import ExitStack
from pathlib import Path

from rung.core.errors import StoreError
from rung.stores.checkpoint_bucket import CheckpointBucket
from rung.stores.checkpoint_folder import CheckpointFolder
from soaking import damage, faults
from soaking.case import Case, Kept, Run
from soaking.driver import Places
from soaking.evidence import durable, trained
from soaking.places import World, small_disk
from soaking.plan import Plan
from soaking.stage import PATIENCE_S, Stage
from soaking.training import read

PAUSE_S = 1.0  # between two faults of a session, on average
EARLY = 0.15  # the share of drivers that are killed while they start
LATE = 0.4  # the share of those that faults have left over, that are killed then
CALM_TRIES = 3  # of the session without faults, until it ends in order


def play(plan: Plan, world: World, folder: Path) -> Case:
    """Play a round.

    Args:
        plan: What is to happen.
        world: What there is to break.
        folder: For its files; made, and left as it is then.
    """
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    with ExitStack() as stack:
        stage = _set(plan, world, folder, stack)
        tampered: set[str] = set()
        for session in range(len(plan.budgets)):
            _session(stage, session)
            stage.bury()
            tampered |= _tamper(stage)
        _calm(stage)
        stage.onlooker.close()
        stage.bury()
        return _case(stage, tampered)


def _set(plan: Plan, world: World, folder: Path, stack: ExitStack) -> Stage:
    """A place for everything."""
    home = folder / "home"
    if plan.small_disk:
        stack.enter_context(small_disk(home))
    home.mkdir(exist_ok=True)
    database = f"soak_{plan.seed}_{plan.round}"
    server = world.servers.get(plan.store)
    if server is not None:
        url = server.url(database)
        stack.callback(server.drop, database)
    else:
        url = str(home / "soak.db")
    kept = {"folder": None if server is None else str(home), "local": f"local://{home}/bucket"}
    if world.bucket is not None:
        kept["s3"] = world.bucket.url(f"{database}_{time.time_ns()}")
    stage = Stage(plan, world, folder, Places(url, kept[plan.bucket]), database)
    stack.callback(stage.close)
    return stage


def _session(stage: Stage, session: int) -> None:
    """Start a driver and break things until it has ended, by a fault or by itself."""
    run = stage.start(session)
    if stage.dice.random() < EARLY and not stage.ends_within(run, stage.dice.uniform(0, 2.0)):
        faults.kill_driver(stage, run)
        return
    if not stage.wait(lambda: stage.has_begun(run) or stage.has_ended(run), PATIENCE_S):
        stage.end(run, 0.0)
    for _ in range(stage.plan.faults[session]):
        if stage.ends_within(run, stage.dice.expovariate(1 / PAUSE_S)):
            return
        run = _break(stage, run)
    if not stage.has_ended(run) and stage.dice.random() < LATE:
        faults.kill_driver(stage, run)
    stage.end(run)


def _break(stage: Stage, run: Run) -> Run:
    for fault in faults.order(stage):
        found = fault(stage, run)
        if found is not None:
            return found
        if stage.has_ended(run):
            break
    return run


def _tamper(stage: Stage) -> set[str]:
    """Between two sessions: damage checkpoints, perhaps."""
    if stage.dice.random() < 0.5:
        return set()
    root = _root(stage)
    if root is None:
        return set()
    begun = time.monotonic()
    done = damage.some(root, stage.dice, stage.dice.randint(1, 3))
    for kind in done.values():
        stage.note(f"checkpoint {kind}", stage.runs[-1], begun)
    return set(done)


def _calm(stage: Stage) -> None:
    """The last session: nothing is broken, and it must end in order."""
    for _ in range(CALM_TRIES):
        run = stage.start(len(stage.plan.budgets))
        stage.end(run)
        stage.bury()
        if run.in_order:
            return


# What is known afterwards


def _case(stage: Stage, tampered: set[str]) -> Case:
    plan, places = stage.plan, stage.places
    with plan.study(places.store, places.checkpoints) as study:
        entries = list(study.events())
    return Case(
        plan,
        time.time() - time.monotonic(),
        entries,
        trained(stage.folder),
        durable(stage.folder),
        stage.onlooker.seen,
        stage.runs,
        stage.faults,
        _kept(stage),
        tampered,
        _leftovers(stage),
        stage.orphans,
    )


def _root(stage: Stage) -> str | None:
    """Where the checkpoints of the study are; None if there is no study yet."""
    plan, places = stage.plan, stage.places
    try:
        with plan.study(places.store, places.checkpoints) as study:
            name = study.folder.name
            folder = study.folder / "checkpoints"
    except StoreError:
        return None
    return str(folder) if plan.bucket == "folder" else f"{places.checkpoints}/{name}"


def _kept(stage: Stage) -> list[Kept]:
    root = _root(stage)
    assert root is not None
    copies = stage.folder / "copies"
    store = CheckpointFolder(root) if stage.plan.bucket == "folder" else CheckpointBucket(root, copies)
    return [_look(store, name) for name in store.names()]


def _look(store: CheckpointFolder | CheckpointBucket, name: str) -> Kept:
    try:
        folder = store.fetch(name)
        state, fault = read(folder)
    except (StoreError, OSError, ValueError, KeyError) as error:
        return Kept(name, f"{type(error).__name__}: {error}", None)
    store.done(folder)
    return Kept(name, fault, (state["trial"], state["step"]))


def _leftovers(stage: Stage) -> list[str]:
    """Files that a run which ended in order has no reason to leave."""
    places = [
        *(stage.folder / "tmp").iterdir(),
        *(stage.folder / "home").rglob("*/checkpoints/*/.*"),
        *(stage.folder / "home").rglob("*/staging/*"),
        *(stage.folder / "work").rglob("*/staging/*"),
        *(stage.folder / "home").glob("soak.db-*"),
    ]
    return [str(path) for path in places]
