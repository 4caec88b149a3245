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
        ("data.bach_size=4", "bach_size"),
        ("steps=many", "steps"),
        ("model.name=null", "name"),
        ("optimizer=3", "OptimizerConfig"),
    ],
)
def test_mistakes_are_named(files, monkeypatch, override, message):
    monkeypatch.setenv("RUNS", "/tmp")
    with pytest.raises(ValueError, match=f"run.yaml: (.|\n)*{message}"):
        load_config(files / "run.yaml", [override])


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
