import re

import pytest
from omegaconf import OmegaConf

import paddle_cv as pcv
from paddle_cv.training import load_config, save_config


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
        ("data.batch_size=0", "data.batch_size is 0: it must be at least 1 and at most 65536"),
        ("data.num_workers=1000000000", "data.num_workers is 1000000000: it must be at least 0 and at most 256"),
        ("optimizer.learning_rate=.inf", "optimizer.learning_rate is inf: it must be a finite number"),
        ("optimizer.weight_decay=.nan", "optimizer.weight_decay is nan: it must be a finite number"),
        ("data.rescale=[1.0,-.inf]", "data.rescale is -inf: it must be a finite number"),
        ("data.rescale=[1.0,0.0]", "data.rescale is 0.0: it must be more than 0 and at most 4"),
        ("optimizer.clip_norm=-1", "optimizer.clip_norm is -1.0: it must be more than 0"),
        ("optimizer.clip_change=-0.1", "optimizer.clip_change is -0.1: it must be more than 0"),
        ("optimizer.rate_factors={conv.: -1}", "optimizer.rate_factors is -1.0: it must be at least 0"),
        ("data.noise_level=[5,300]", "data.noise_level is 300.0: it must be at least 0 and at most 255"),
        ("data.validation_share=1", "data.validation_share is 1.0: it must be at least 0 and less than 1"),
        ("optimizer.schedule=exponential, optimizer.final_rate=0", "optimizer.final_rate is 0"),
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

    assert length() == (7, None) and length("epochs=2") == (None, 2)
    (files / "base" / "base.yaml").write_text("epochs: 3\n")
    assert length() == (None, 3) and length("steps=20") == (20, None)
    (files / "run.yaml").write_text((files / "run.yaml").read_text() + "steps: 9\n")
    assert length() == (9, None)
    with pytest.raises(ValueError, match="steps and epochs exclude each other"):
        length("steps=20", "epochs=2")
    (files / "base" / "base.yaml").write_text("seed: 3\n")
    (files / "run.yaml").write_text((files / "run.yaml").read_text().replace("steps: 9\n", ""))
    assert length() == (1000, None)


@pytest.mark.parametrize("option, absent", [("epochs=2", "steps"), ("steps=20", "epochs")])
def test_a_saved_configuration_has_either_steps_or_epochs(files, monkeypatch, option, absent):
    monkeypatch.setenv("RUNS", "/tmp")
    save_config(load_config(files / "run.yaml", [option]), files / "config.yaml")
    written = OmegaConf.load(files / "config.yaml")
    assert absent not in written and option.partition("=")[0] in written
    assert load_config(files / "config.yaml") == load_config(files / "run.yaml", [option])


def test_the_configuration_of_an_old_run_names_the_default_number_of_steps_beside_its_epochs(files, monkeypatch):
    monkeypatch.setenv("RUNS", "/tmp")
    (files / "run.yaml").write_text((files / "run.yaml").read_text() + "steps: 1000\nepochs: 2\n")
    assert load_config(files / "run.yaml").steps is None and load_config(files / "run.yaml").epochs == 2


def test_one_value_is_a_list_of_one(files, monkeypatch):
    monkeypatch.setenv("RUNS", "/tmp")
    monkeypatch.setenv("PHOTOS", "my_photos")
    given = ["data.noise_level=25", "data.rescale=0.5", "perceptual.layers=relu1_2", "optimizer.milestones=10"]
    config = load_config(files / "run.yaml", ["data.folders=my_photos", *given])
    assert list(config.data.folders) == ["my_photos"] and list(config.optimizer.milestones) == [10]
    assert list(config.data.noise_level) == [25] and list(config.data.rescale) == [0.5]
    assert list(config.perceptual.layers) == ["relu1_2"]
    assert list(load_config(files / "run.yaml", ["data.folders=${oc.env:PHOTOS}"]).data.folders) == ["my_photos"]


@pytest.mark.parametrize(
    "name",
    ["rdn_lite_x4", "rdn_lite_x4.yaml", "restoration/rdn_lite_x4", "configs/restoration/rdn_lite_x4.yaml"],
)
def test_configurations_of_this_project_are_found_by_name_from_everywhere(root, tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    config = load_config(name)
    assert config.model.name == "rdn_lite_x4" and config.file == "configs/restoration/rdn_lite_x4.yaml"
    assert config == load_config(root / "configs/restoration/rdn_lite_x4.yaml", [f"file={config.file}"])


def test_an_own_file_goes_before_a_name(files, monkeypatch):
    monkeypatch.chdir(files)
    (files / "homework").write_text("model: {name: rdn_lite_x2}\noutput: x\nsteps: 3\n")
    assert load_config("homework").steps == 3


@pytest.mark.parametrize(
    "name, message",
    [
        ("rdn_light_x4", "did you mean rdn_lite_x4"),
        ("configs/restoration/rdn_lite_4x.yaml", "rdn_lite_x4"),
        ("{files}/rnu.yaml", "did you mean {files}/run.yaml"),
        ("elsewhere/rdn_lite_x4.yaml", "did you mean rdn_lite_x4"),  # somebody else's file is not replaced by ours
        ("qqqq", "those of this project are .*homework"),
    ],
)
def test_a_wrong_path_suggests_the_nearest(files, name, message):
    with pytest.raises(FileNotFoundError, match=message.format(files=files)):
        load_config(name.format(files=files))


def test_own_photographs_need_no_test_set_of_ours(tmp_path, monkeypatch, caplog):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("PADDLE_CV_DATA", raising=False)
    assert load_config("rdn_lite_x4", ["data.folders=photos"]).validation.high is None
    assert "there is no data/sr_test/Set5/HR: the validation takes 0.2 of data.folders" in caplog.text
    # What somebody names has to be there.
    assert load_config("rdn_lite_x4", ["data.folders=photos", "validation.high=none"]).validation.high == "none"
    assert load_config("rdn_lite_x4").validation.high == "data/sr_test/Set5/HR"


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
