#!/usr/bin/env python
"""Ships the weights of a training run in a hub module.

    python tools/maintain/ship.py runs/fsrcnn_x3 --data Set5 Set14 --hardware "2-core Xeon" --note "..."
    python tools/maintain/ship.py runs/dncnn_gray_s25 --data Set12 --noise-level 25 --hardware "2-core Xeon"
    python tools/maintain/ship.py runs/lenet_mnist --data mnist --hardware "2-core Xeon"
    python tools/maintain/ship.py --exercise runs/mnist_mlp runs/mnist_cnn runs/finetune_ants_bees

The module is the one that the network's registration names; it is made where there is none. Its folder gets the averaged weights
of the run's last step (to choose a step by the test set would flatter the scores) and `card.json` (configuration, steps, time,
scores).

--exercise writes the last test accuracy of classifiers that are not shipped into docs/exercises.json.

In every case, and without a run, the tables and the pages of the modules are brought up to date.
"""

import argparse
import datetime
import hashlib
import inspect
import json
import sys
from pathlib import Path
from typing import Any, Optional

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from omegaconf import DictConfig, OmegaConf  # noqa: E402

import paddle_cv as pcv  # noqa: E402
from paddle_cv.analysis import exercise_table, fill_marked, read_card, shipped_table  # noqa: E402
from paddle_cv.analysis.evaluation import evaluation_class  # noqa: E402
from paddle_cv.api import load_network  # noqa: E402
from paddle_cv.hub import write_module  # noqa: E402
from paddle_cv.models import LabelledSpec, list_aliases  # noqa: E402
from paddle_cv.training import load_config  # noqa: E402
from paddle_cv.training.resuming import changes  # noqa: E402
from paddle_cv.weights import fits, read_state, save_state  # noqa: E402
from tools.maintain.module_pages import modules_pages, pages  # noqa: E402

INTRODUCTIONS = {
    "shipped denoisers": {
        "en": "Denoising, PSNR in dB / SSIM of grey pictures:\n\n{}",
        "zh": "去噪，灰度图的 PSNR（dB）/ SSIM：\n\n{}",
    },
    "exercises": {
        "en": "Classifiers that were trained here, at their last step:\n\n{}",
        "zh": "在本项目中训练的分类网络（最后一步的权重）：\n\n{}",
    },
}


def read_run(run: Path) -> tuple[DictConfig, dict[str, Any]]:
    """The configuration of a run, and what its last validation measured.

    Raises:
        FileNotFoundError: The run has not got as far as a validation.
        ValueError: It has not ended, or was validated at another step than its weights are from.
    """
    for name in ("config.yaml", "metrics.json", "last.pdparams"):
        if not (run / name).is_file():
            raise FileNotFoundError(
                f"{run} has no {name}: no run of paddle-cv train with a validation and a checkpoint"
            )
    metrics = json.loads((run / "metrics.json").read_text(encoding="utf-8"))
    last = metrics["history"][-1]
    if not metrics.get("finished"):
        raise ValueError(f"{run} has not ended, at step {metrics.get('step', last['step'])}: --resume goes on with it")
    if metrics["step"] != last["step"]:
        raise ValueError(
            f"the weights of {run} are from step {metrics['step']}, its last validation from step {last['step']}"
        )
    return OmegaConf.load(run / "config.yaml"), last


#: What a card says by itself, and what changes nothing about the weights.
_NOT_ON_CARDS = ("data.degradation", "data.folders", "data.num_workers", "log_every", "save_every", "validation")


def overrides(config: DictConfig, named: Path) -> dict[str, Any]:
    """What a run changed in its configuration, by key."""
    found = changes(OmegaConf.to_container(load_config(named)), OmegaConf.to_container(config))
    return {key: value for key, (_, value) in found.items() if not key.startswith(_NOT_ON_CARDS)}


def configuration(config: DictConfig, given: Optional[str], root: Path) -> Optional[str]:
    """The file in `configs` that a run was started with, relative to the root; None where the run does not tell."""
    file = given or config.get("file")
    if not file:
        return None
    parts = Path(file).parts
    if "configs" not in parts:
        raise ValueError(f"the configuration {file} is not in the folder configs, where users could find it")
    relative = Path(*parts[len(parts) - 1 - parts[::-1].index("configs") :])
    if not (root / relative).is_file():
        raise ValueError(f"there is no configuration {relative}; --config names the one of the run")
    return relative.as_posix()


def line_that_is_missing(spec: pcv.ModelSpec) -> str:
    """What has to stand in the registration of a network whose weights shall be shipped."""
    alias = next((alias for alias, name in list_aliases().items() if name == spec.name), None)
    name = alias or spec.name
    if isinstance(spec, LabelledSpec) and spec.labels and spec.labels not in name:
        name += f"_{spec.labels}"
    source = Path(inspect.getsourcefile(spec.network)).resolve().relative_to(ROOT)
    return (
        f"no hub module is registered for {spec.name}: add hub_modules={{{spec.scale}: {json.dumps(name)}}} to its "
        f"register_model(...) in {source}"
    )


def ship(
    run: Path,
    data: list[str],
    hardware: str,
    note: str = "",
    config_file: Optional[str] = None,
    noise_level: Optional[float] = None,
    root: Path = ROOT,
) -> Path:
    """Puts a run's weights into the hub module, with a card.

    Args:
        run: The run folder.
        data: Folders of test sets.
        hardware: What it was trained on.
        note: What else a user should know.
        config_file: The configuration, for runs that do not name it.
        noise_level: Denoisers: of the noise on the test sets, of 255; None: what the network is registered for.
        root: The repository.

    Returns:
        The module's folder.

    Raises:
        FileNotFoundError: The run has no weights or no validation, or a test set is missing.
        ValueError: The network has no hub module, the weights are of another configuration than the registered one, the
            run does not name its configuration, or a test set cannot be read.
    """
    config, last = read_run(run)
    spec = pcv.model_spec(config.model.name)
    if spec.hub_module is None:
        raise ValueError(line_that_is_missing(spec))
    named = configuration(config, config_file, root)
    if named is None:
        raise ValueError(f"{run} does not say which configuration it was started with: --config FILE")
    changed = overrides(config, root / named)
    state = read_state(run / "last.pdparams")
    network = pcv.create_model(spec.name)
    if not fits(state, network):
        raise ValueError(
            f"{run} has trained {spec.name} with other hyperparameters; a network of its own has to be registered for it"
        )
    predictor = pcv.load(spec.name, weights=run / "last.pdparams", precision="float32")
    kind = evaluation_class(spec.task)
    given = {} if noise_level is None else {"noise_level": noise_level}
    by = kind(predictor, **{key: value for key, value in given.items() if key in kind.on_cards})
    scores = {}
    for folder in data:
        means = by.mean(by.rows(folder))
        scores[Path(folder).name] = {key: round(value, 6) for key, value in means.items()}
    module = root / "hub_modules" / spec.hub_module
    if not (module / "module.py").is_file():
        write_module(spec, module.parent)
    weights = module / f"{spec.name}.pdparams"
    save_state(state, weights)
    card = {
        "model": spec.name,
        "scale": spec.scale,
        **{key: by.facts()[key] for key in kind.on_cards},
        "parameters": sum(p.size for p in network.parameters()),
        "sha256": hashlib.sha256(weights.read_bytes()).hexdigest(),
        "config": named,
        **({"overrides": changed} if changed else {}),
        **({"degradation": config.data.degradation} if config.data.degradation else {}),
        "training_data": [Path(folder).name for folder in config.data.folders],
        "steps": last["step"],
        "hours": round(last["seconds"] / 3600, 2),
        "hardware": hardware,
        "date": datetime.date.today().isoformat(),
        "note": note,
        "scores": scores,
    }
    (module / "card.json").write_text(json.dumps(card, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return module


def note_exercises(runs: list[Path], root: Path = ROOT) -> None:
    """Writes what classifiers scored at the last step of their runs into docs/exercises.json.

    Raises:
        FileNotFoundError: A run has no weights or no validation.
        ValueError: A run has trained something else than a classifier.
    """
    path = root / "docs" / "exercises.json"
    exercises = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    for run in runs:
        config, last = read_run(run)
        if "accuracy" not in last:
            raise ValueError(f"{run} has trained {config.model.name}, which is no classifier")
        network, _ = load_network(config.model.name, run / "last.pdparams")
        exercises[run.resolve().name] = {
            "model": config.model.name,
            "parameters": sum(p.size for p in network.parameters() if not p.stop_gradient),
            "data": Path(config.data.folders[0]).name if config.data.folders else config.data.source,
            "accuracy": round(last["accuracy"], 6),
            "steps": last["step"],
            "hours": round(last["seconds"] / 3600, 2),
            "config": configuration(config, None, root),
        }
    text = json.dumps(dict(sorted(exercises.items())), indent=1, ensure_ascii=False) + "\n"
    path.write_text(text, encoding="utf-8")


def marked_documents(root: Path = ROOT) -> dict[Path, str]:
    """Each document with tables of all weights, with the text it should have."""
    published = json.loads((root / "docs" / "published.json").read_text(encoding="utf-8"))
    noted = root / "docs" / "exercises.json"
    exercises = json.loads(noted.read_text(encoding="utf-8")) if noted.is_file() else {}
    cards = {path.parent.name: read_card(path.parent) for path in sorted((root / "hub_modules").glob("*/card.json"))}
    texts = {}
    for name, language in (("docs/scores.md", "en"), ("docs/scores.zh-CN.md", "zh")):
        text = (root / name).read_text(encoding="utf-8")
        tables = {
            "shipped super-resolution": shipped_table(_of_task(cards, "super_resolution"), published, language),
            "shipped denoisers": shipped_table(_of_task(cards, "denoising"), published, language),
            "exercises": exercise_table(exercises, language),
        }
        for mark, table in tables.items():
            introduction = INTRODUCTIONS.get(mark, {}).get(language, "{}") if table else ""
            # Links of the tables start at the top of the repository.
            text = fill_marked(text, mark, introduction.format(table.replace("](", "](../")))
        texts[root / name] = text
    return texts


def _of_task(cards: dict[str, dict], task: str) -> dict[str, dict]:
    return {name: card for name, card in cards.items() if pcv.model_spec(card["model"]).task == task}


def update(root: Path = ROOT) -> list[Path]:
    """Brings the tables and the pages of the modules up to date; returns what has changed."""
    changed = []
    folder = root / "hub_modules"
    texts = {**marked_documents(root), **pages(folder), **modules_pages(folder, root)}
    for path, text in texts.items():
        if not path.is_file() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")
            changed.append(path)
    return changed


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", nargs="?", type=Path, help="run folder of tools/train.py")
    parser.add_argument("--data", nargs="+", default=[], metavar="FOLDER", help="test sets")
    parser.add_argument("--noise-level", type=float, metavar="S", help="of the noise on them, of 255 (denoisers)")
    parser.add_argument("--hardware", default="", help="what it was trained on")
    parser.add_argument("--note", default="", help="what else a user should know")
    parser.add_argument("--config", metavar="FILE", help="the configuration of a run that does not name it")
    parser.add_argument("--exercise", nargs="+", type=Path, default=[], metavar="RUN", help="runs of classifiers")
    arguments = parser.parse_args()
    if arguments.run and not (arguments.data and arguments.hardware):
        parser.error("a run needs --data and --hardware")
    try:
        if arguments.run:
            module = ship(
                arguments.run,
                arguments.data,
                arguments.hardware,
                arguments.note,
                arguments.config,
                arguments.noise_level,
            )
            print(
                f"shipped {module.relative_to(ROOT)}; docs/networks.md names it after python tools/maintain/zoo_table.py"
            )
        if arguments.exercise:
            note_exercises(arguments.exercise)
        for path in update():
            print(f"updated {path.relative_to(ROOT)}")
    except (FileNotFoundError, KeyError, ValueError) as error:
        parser.error(error.args[0])
    return 0


if __name__ == "__main__":
    sys.exit(main())
