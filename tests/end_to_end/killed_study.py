"""A small real study that prints a line per committed event, to be killed at any of them.

`killed_study.py STORE`: 500 trials with ASHA. `killed_study.py STORE 300`: with FIFO, each trial to 300 steps.
"""

import sys
import time

import rung


def train(trial: rung.Trial) -> None:
    total = float((trial.checkpoint / "total").read_text()) if trial.checkpoint else 0.0
    for step in trial.steps():
        time.sleep(0.002)  # training takes its time
        total += trial.config["x"] / step
        trial.report(total=total, save=lambda folder: (folder / "total").write_text(repr(total)))  # noqa: B023


def main(store: str, max_resource: str | None = None) -> None:
    study = rung.Study(
        "killed",
        {"x": rung.Float(0, 1), "y": rung.Int(1, 5)},
        maximize="total",
        scheduler=rung.FIFO(int(max_resource)) if max_resource else rung.ASHA(max_resource=9, eta=3),
        searcher=rung.RandomSearch(),  # whose restarts take no time
        seed=7,
        store=store,
        checkpoints=rung.Checkpoints(every_s=0.0),
    )
    study.run(
        train,
        workers=2,
        budget=rung.Budget(trials=500),
        watch=[lambda event, view: print(type(event).__name__, flush=True)],
    )
    print("finished", flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
