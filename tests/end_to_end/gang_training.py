"""A small network that all ranks of a gang train, see test_gangs.py; workers import this module by its name."""

import json
import os
import threading
from pathlib import Path

import rung


def train(trial: rung.Trial) -> None:
    """Each rank has every second example. Rank 1 falls silent in trial 1, once, until it is killed."""
    import torch
    import torch.distributed as dist
    from torch.nn.functional import cross_entropy
    from torch.nn.parallel import DistributedDataParallel

    torch.set_num_threads(1)
    dist.init_process_group("gloo")
    drawn = torch.Generator().manual_seed(0)
    X = torch.randn(1400, 64, generator=drawn)
    y = (X @ torch.randn(64, 10, generator=drawn)).argmax(1)
    mine = slice(dist.get_rank(), 1024, dist.get_world_size())
    torch.manual_seed(trial.seed)
    net = torch.nn.Sequential(torch.nn.Linear(64, 16), torch.nn.ReLU(), torch.nn.Linear(16, 10))
    model = DistributedDataParallel(net)
    optimizer = torch.optim.SGD(net.parameters(), trial.config["lr"], momentum=0.5)
    n_steps = 0
    if trial.checkpoint:
        kept = torch.load(trial.checkpoint / "kept.pt")
        net.load_state_dict(kept["net"])
        optimizer.load_state_dict(kept["optimizer"])
        n_steps = kept["n_steps"]

    def save(folder: Path) -> None:
        kept = {"net": net.state_dict(), "optimizer": optimizer.state_dict(), "n_steps": n_steps}
        torch.save(kept, folder / "kept.pt")

    for epoch in trial.steps():
        if trial.number == 1 and trial.rank == 1 and epoch > 1:
            fall_silent(trial.folder / "silent")
        for batch in range(4):
            rows = slice(batch * 128, (batch + 1) * 128)
            optimizer.zero_grad()
            cross_entropy(model(X[mine][rows]), y[mine][rows]).backward()
            optimizer.step()
            n_steps += 1
        with torch.no_grad():
            right = (net(X[1024:]).argmax(1) == y[1024:]).float().mean()
        note(trial, epoch=epoch, n_steps=n_steps, weights=[p.sum().item() for p in net.parameters()])
        trial.report(accuracy=float(right), save=save)
    dist.destroy_process_group()


def note(trial: rung.Trial, **facts: object) -> None:
    with (trial.folder / f"{trial.rank}.json").open("a") as file:
        file.write(json.dumps(facts) + "\n")


def fall_silent(mark: Path) -> None:
    """Say who is silent, and wait for the end; once."""
    if not mark.exists():
        written = mark.with_suffix(".new")
        written.write_text(str(os.getpid()))
        written.rename(mark)
        threading.Event().wait()
