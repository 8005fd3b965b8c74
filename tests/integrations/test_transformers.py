"""Hugging Face Trainer: a resumed training equals an uninterrupted one, by epochs and in the middle of one."""

from pathlib import Path

import pytest

from integrations.interrupted import assert_resumes_exactly, reports

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")
pytest.importorskip("accelerate")

from rung.integrations.transformers import TrialCallback  # noqa: E402

# Trainer itself uses what newer versions of its own parts are about to drop.
pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::FutureWarning"),
    pytest.mark.filterwarnings("ignore::UserWarning"),
]

generator = torch.Generator().manual_seed(0)
ROWS = torch.randint(0, 20, (48, 6), generator=generator)
DATA = [{"input_ids": row, "labels": (row[0] > row[1]).long()} for row in ROWS]


def build():
    config = transformers.BertConfig(
        vocab_size=20,
        hidden_size=8,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=16,
        max_position_embeddings=8,
        num_labels=2,
    )
    return transformers.BertForSequenceClassification(config)


def trainer(trial, **options):
    args = transformers.TrainingArguments(
        str(trial.folder),
        num_train_epochs=10,
        per_device_train_batch_size=8,
        learning_rate=0.02,
        save_strategy="no",
        report_to="none",
        disable_tqdm=True,
        use_cpu=True,
        seed=trial.seed,
        **options,
    )
    return transformers.Trainer(model_init=build, args=args, train_dataset=DATA[:32], eval_dataset=DATA[32:])


def training(**options):
    def train(trial):
        made = trainer(trial, **options)
        TrialCallback(trial).train(made)
        return made.model

    return train


def weights(model) -> dict[str, list]:
    return {name: value.tolist() for name, value in model.state_dict().items()}


@pytest.mark.parametrize(
    "options",
    [
        {"eval_strategy": "epoch"},
        {"eval_strategy": "steps", "eval_steps": 3, "gradient_accumulation_steps": 1},
        {"eval_strategy": "epoch", "eval_on_start": True, "lr_scheduler_type": "cosine", "warmup_steps": 3},
    ],
    ids=["epochs", "steps", "start"],
)
def test_a_resumed_training_equals_an_uninterrupted_one(options: dict, tmp_path: Path) -> None:
    assert_resumes_exactly(training(**options), "eval_loss", [1, 2, 5], tmp_path, weights)


def test_a_schedule_that_follows_a_metric_is_refused(tmp_path: Path) -> None:
    def train(trial):
        options = {"lr_scheduler_type": "reduce_lr_on_plateau", "metric_for_best_model": "loss"}
        TrialCallback(trial).train(trainer(trial, eval_strategy="epoch", **options))

    with pytest.raises(AssertionError, match="cannot be resumed exactly"):
        reports(train, "eval_loss", [1], tmp_path)
