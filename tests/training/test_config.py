import re

import pytest
from omegaconf import OmegaConf

import paddle_cv as pcv
from paddle_cv.training import load_config


@pytest.fixture
def files(tmp_path):
    (tmp_path / "base").mkdir()
    (tmp_path / "base" / "base.yaml").write_text("steps: 7\ndata:\n  batch_size: 3\n  patch_size: 16\n")
    (tmp_path / "run.yaml").write_text(
        "_base_: base/base.yaml\nmodel:\n  name: rdn_lite_x2\ndata:\n  batch_size: 5\noutput: ${oc.env:RUNS}/x\n"
    )
    return tmp_path


def test_inheritance_overrides_and_environment(files, monkeypatch):
    monkeypatch.setenv("RUNS", "/tmp/runs")
    config = load_config(files / "run.yaml", ["optimizer.learning_rate=2e-4", "data.folders=[a, b]", "loss=mse"])
    assert (config.steps, config.data.batch_size, config.data.patch_size) == (7, 5, 16)
    assert config.output == "/tmp/runs/x" and config.optimizer.learning_rate == 2e-4
    assert list(config.data.folders) == ["a", "b"] and config.loss == "mse"


def test_a_run_knows_the_file_it_was_started_with(files, monkeypatch):
    monkeypatch.setenv("RUNS", "/tmp/runs")
    config = load_config(files / "run.yaml")
    assert config.file == (files / "run.yaml").as_posix()
    OmegaConf.save(config, files / "config.yaml")
    assert load_config(files / "config.yaml").file == config.file


@pytest.mark.parametrize(
    "override, message",
    [
        ("data.bach_size=4", "there is no key data.bach_size; did you mean data.batch_size"),
        ("train.epochs=2", "there is no key train.epochs; did you mean epochs?"),
        ("optimiser.learning_rate=1", "optimiser.learning_rate; did you mean optimizer.learning_rate?"),
        ("batch=2", "did you mean data.batch_size?"),
        ("model.hyperparameters.any=2, quux=3", "quux"),
        ("steps=many", "steps"),
        ("model.name=null", "name"),
        ("optimizer=3", "OptimizerConfig"),
        ("epochs", "'epochs' is no KEY=VALUE"),
        ("steps=0", "steps is 0: it must be at least 1"),
        ("data.batch_size=0", "data.batch_size is 0: it must be at least 1"),
        ("validation.every=0", "validation.every"),
        ("data.num_workers=-1", "data.num_workers"),
        ("epochs=0", "epochs is 0.0: it must be more than 0"),
        ("ema=1", "ema is 1.0"),
        ("amp=fp16", "amp: there is no 'fp16', only float16, bfloat16"),
    ],
)
def test_mistakes_are_named(files, monkeypatch, override, message):
    monkeypatch.setenv("RUNS", "/tmp")
    with pytest.raises(ValueError, match=f"run.yaml: (.|\n)*{re.escape(message)}"):
        load_config(files / "run.yaml", override.split(", "))


@pytest.mark.parametrize(
    "content, message", [("dat:\n  batch_size: 2\n", "there is no key dat.batch_size"), ("steps: many\n", "steps")]
)
def test_mistakes_in_a_base_are_said_to_be_there(files, monkeypatch, content, message):
    monkeypatch.setenv("RUNS", "/tmp")
    (files / "base" / "base.yaml").write_text(content)
    with pytest.raises(ValueError, match=f"base.yaml: (.|\n)*{message}"):
        load_config(files / "run.yaml")


def test_a_file_that_inherits_from_itself(files):
    (files / "base" / "base.yaml").write_text("_base_: ../run.yaml\n")
    with pytest.raises(ValueError, match="run.yaml inherits from itself"):
        load_config(files / "run.yaml")


def test_of_steps_and_epochs_the_last_one_given_counts(files, monkeypatch):
    monkeypatch.setenv("RUNS", "/tmp")

    def length(*overrides):
        config = load_config(files / "run.yaml", overrides)
        return config.steps, config.epochs

    assert length() == (7, None) and length("epochs=2")[1] == 2
    (files / "base" / "base.yaml").write_text("epochs: 3\n")
    assert length()[1] == 3 and length("steps=20") == (20, None)
    (files / "run.yaml").write_text((files / "run.yaml").read_text() + "steps: 9\n")
    assert length() == (9, None)
    with pytest.raises(ValueError, match="steps and epochs exclude each other"):
        length("steps=20", "epochs=2")
    # The configuration of a run of so many epochs names the default number of steps as well.
    OmegaConf.save(load_config(files / "run.yaml", ["epochs=2"]), files / "config.yaml")
    assert load_config(files / "config.yaml").epochs == 2


def test_missing_files_and_values(files, monkeypatch):
    with pytest.raises(FileNotFoundError):
        load_config(files / "none.yaml")
    with pytest.raises(ValueError, match="RUNS"):
        load_config(files / "run.yaml")
    (files / "bare.yaml").write_text("steps: 3\n")
    with pytest.raises(ValueError, match="missing.*model.name"):
        load_config(files / "bare.yaml")
    (files / "list.yaml").write_text("- 3\n")
    with pytest.raises(ValueError, match="no mapping"):
        load_config(files / "list.yaml")


def test_shipped_configs_load(root):
    configs = list((root / "configs").rglob("*.yaml"))
    runs = [path for path in configs if path.parent.name != "_base_"]
    assert runs
    for path in runs:
        assert load_config(path).model.name in pcv.list_models()
