"""PyTorch Lightning: a resumed training equals an uninterrupted one, with all that may go wrong between two epochs."""

import sys
from importlib import import_module
from pathlib import Path

import pytest

from integrations.interrupted import assert_resumes_exactly, reports

torch = pytest.importorskip("torch")
lightning = pytest.importorskip("lightning.pytorch")

from rung.integrations.lightning import TrialCallback  # noqa: E402

# Lightning itself uses what newer versions of Python and PyTorch are about to drop, and wants workers to load data.
pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::FutureWarning"),
    pytest.mark.filterwarnings("ignore::UserWarning:lightning"),
    pytest.mark.filterwarnings("ignore::UserWarning:pytorch_lightning"),
]

generator = torch.Generator().manual_seed(0)
X = torch.randn(96, 5, generator=generator)
Y = X[:, :1] * X[:, 1:2]


def loader(rows: slice, shuffle: bool = False):
    data = torch.utils.data.TensorDataset(X[rows], Y[rows])
    return torch.utils.data.DataLoader(data, batch_size=16, shuffle=shuffle)


def network(package, schedule: str):
    class Net(package.LightningModule):
        def __init__(self) -> None:
            super().__init__()
            self.net = torch.nn.Sequential(
                torch.nn.Linear(5, 8), torch.nn.BatchNorm1d(8), torch.nn.Dropout(0.3), torch.nn.Linear(8, 1)
            )

        def training_step(self, batch, index):
            loss = torch.nn.functional.mse_loss(self.net(batch[0]), batch[1])
            self.log("train_loss", loss, on_step=False, on_epoch=True)
            return loss

        def validation_step(self, batch, index):
            self.log("val_loss", torch.nn.functional.mse_loss(self.net(batch[0]), batch[1]))

        def configure_optimizers(self):
            optimizer = torch.optim.Adam(self.parameters(), lr=0.05)
            if schedule == "plateau":
                follower = torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer, factor=0.3, patience=0)
                return {
                    "optimizer": optimizer,
                    "lr_scheduler": {"scheduler": follower, "monitor": "val_loss"},
                }
            return [optimizer], [torch.optim.lr_scheduler.ExponentialLR(optimizer, 0.8)]

    return Net()


def training(package=lightning, schedule: str = "exponential", validates: bool = True, **options):
    def train(trial):
        package.seed_everything(trial.seed, verbose=False)
        report = TrialCallback(trial)
        trainer = package.Trainer(
            max_epochs=20,
            callbacks=[report],
            accelerator="cpu",
            devices=1,
            logger=False,
            enable_checkpointing=False,
            enable_progress_bar=False,
            enable_model_summary=False,
            **options,
        )
        model = network(package, schedule)
        held_out = [loader(slice(64, 96))] if validates else []
        trainer.fit(model, loader(slice(64), shuffle=True), *held_out, ckpt_path=report.ckpt_path)
        return model

    return train


def weights(model) -> dict[str, list]:
    return {name: value.tolist() for name, value in model.state_dict().items()}


@pytest.mark.parametrize("schedule", ["exponential", "plateau"])
def test_a_resumed_training_equals_an_uninterrupted_one(schedule: str, tmp_path: Path) -> None:
    assert_resumes_exactly(training(schedule=schedule), "val_loss", [1, 2, 5], tmp_path, weights)


def test_without_validation_each_epoch_is_reported(tmp_path: Path) -> None:
    train = training(validates=False)
    assert_resumes_exactly(train, "train_loss", [2, 4], tmp_path, weights)


def test_a_unit_is_an_epoch_that_has_validated(tmp_path: Path) -> None:
    train = training(check_val_every_n_epoch=2, num_sanity_val_steps=0)
    assert_resumes_exactly(train, "val_loss", [1, 3], tmp_path, weights)


def test_the_other_import_name_works(tmp_path: Path) -> None:
    package = pytest.importorskip("pytorch_lightning")
    assert len(reports(training(package), "val_loss", [1, 3], tmp_path)) == 3


def test_the_package_in_use_is_preferred(monkeypatch) -> None:
    package = pytest.importorskip("pytorch_lightning")
    for name in ("lightning.pytorch", "rung.integrations.lightning"):
        monkeypatch.delitem(sys.modules, name)
    assert issubclass(import_module("rung.integrations.lightning").TrialCallback, package.Callback)
