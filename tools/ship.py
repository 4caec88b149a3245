#!/usr/bin/env python
"""Ships the weights of a training run in a hub module.

    python tools/ship.py runs/rdn_lite_x4 --data Set5 Set14 --hardware "2-core Xeon" --note "..."
    python tools/ship.py runs/lenet_mnist --data mnist --hardware "2-core Xeon"

Writes the averaged weights of the run's last step (to choose a step by the test set would flatter the scores) and `card.json`
(configuration, steps, time, scores) into the module's folder, and brings the README files up to date; a classifier's module is
made where there is none.
Without a run folder it only does the latter.
"""

import argparse
import datetime
import hashlib
import json
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from omegaconf import OmegaConf  # noqa: E402

import paddle_cv as pcv  # noqa: E402
from paddle_cv.analysis import (  # noqa: E402
    accuracy,
    card_table,
    evaluate,
    fill_marked,
    find_labelled_set,
    find_test_set,
    mean_scores,
    read_card,
    score_table,
)
from paddle_cv.weights import read_state, save_state  # noqa: E402
from tools.module_pages import make_module, pages  # noqa: E402


def configurations(spec: pcv.ModelSpec) -> list[Path]:
    """Where the configuration of a network may lie."""
    names = ("restoration/{}", "classification/{}", "classification/{}_{}")
    return [ROOT / "configs" / f"{name.format(spec.name, spec.labels)}.yaml" for name in names]


def ship(run: Path, data: list[str], hardware: str, note: str) -> None:
    config = OmegaConf.load(run / "config.yaml")
    spec = pcv.model_spec(config.model.name)
    if spec.hub_module is None:
        raise ValueError(f"no hub module is registered for {spec.name}")
    metrics = json.loads((run / "metrics.json").read_text())
    weights = ROOT / "hub_modules" / spec.hub_module / f"{spec.name}.pdparams"
    if spec.task == "classification" and not weights.parent.exists():
        make_module(spec, weights.parents[1])
    save_state(read_state(run / "last.pdparams"), weights)
    predictor = pcv.load(spec.name)
    scores = {}
    for folder in data:
        if spec.task == "classification":
            means = {"accuracy": accuracy(predictor, find_labelled_set(folder))}
        else:
            means = mean_scores(list(evaluate(predictor, *find_test_set(folder, spec.scale))))
        scores[Path(folder).name] = {key: round(value, 6) for key, value in means.items()}
    card = {
        "model": spec.name,
        "scale": spec.scale,
        "parameters": sum(p.size for p in pcv.create_model(spec.name).parameters()),
        "sha256": hashlib.sha256(weights.read_bytes()).hexdigest(),
        "config": next(f"configs/{path.parent.name}/{path.name}" for path in configurations(spec) if path.is_file()),
        "training_data": [Path(folder).name for folder in config.data.folders],
        "steps": metrics["history"][-1]["step"],
        "hours": round(metrics["history"][-1]["seconds"] / 3600, 2),
        "hardware": hardware,
        "date": datetime.date.today().isoformat(),
        "note": note,
        "scores": scores,
    }
    (weights.parent / "card.json").write_text(json.dumps(card, indent=1) + "\n", encoding="utf-8")


def marked_documents() -> dict[Path, str]:
    """Each document with score tables, with the text it should have."""
    published = json.loads((ROOT / "docs" / "published.json").read_text())
    texts = {}
    for module in sorted((ROOT / "hub_modules").iterdir()):
        if not (module / "card.json").is_file():
            continue
        card = read_card(module)
        if card["scale"] is None:  # tools/module_pages.py writes the pages of classifiers
            continue
        for folder in (ROOT, module):
            for name, language in (("README.md", "en"), ("README.zh-CN.md", "zh")):
                path = folder / name
                text = texts.get(path) or path.read_text(encoding="utf-8")
                text = fill_marked(text, f"scores of {module.name}", score_table(card, published, language))
                if folder == module:
                    text = fill_marked(text, f"card of {module.name}", card_table(card, language))
                texts[path] = text
    return texts


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", nargs="?", type=Path, help="run folder of tools/train.py")
    parser.add_argument("--data", nargs="+", default=[], metavar="FOLDER", help="test sets")
    parser.add_argument("--hardware", default="", help="what it was trained on")
    parser.add_argument("--note", default="", help="what else a user should know")
    arguments = parser.parse_args()
    if arguments.run:
        if not (arguments.data and arguments.hardware):
            parser.error("a run needs --data and --hardware")
        ship(arguments.run, arguments.data, arguments.hardware, arguments.note)
    for path, text in {**marked_documents(), **pages()}.items():
        if not path.is_file() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")
            print(f"updated {path.relative_to(ROOT)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
