"""The base of the modules that name animals, with the files of PaddleHub's own modules or with weights trained here."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Optional, Union

from paddle import nn

from ..api import load_network
from ..models import ModelSpec
from .classification import ClassificationModule

__all__ = ["AnimalModule"]

LABELS, GRAPH_FOLDER = "label_list.txt", "model"


class AnimalModule(ClassificationModule):
    """A classification module under the name of one that PaddleHub publishes, for its 7978 animals or others.

    Neither the published weights nor their labels come with this project. `weights` is

    - the folder of the published module, of which `label_list.txt` and the folder `model` are read, or
    - a weight file of this project, which carries the names of its classes.

    Without it, either is looked for in the module's own folder, the weight file (`<model>.pdparams`) first.
    """

    def load_network(self, weights: Optional[Union[str, Path]]) -> tuple[nn.Layer, ModelSpec]:
        source = Path(weights or self.own_weights() or self.directory)
        if source.is_file():
            return super().load_network(source)
        graph, labels = source / GRAPH_FOLDER, source / LABELS
        if not graph.is_dir() or not labels.is_file():
            raise FileNotFoundError(
                f"{self.name} comes without weights. Give a weight file that `paddle-cv train` or PaddleHub's Trainer made "
                f"(weights=<path>, or as {Path(self.directory) / self.model}.pdparams), or the folder of the module that PaddleHub "
                f"publishes: with {LABELS} and the folder {GRAPH_FOLDER} in it, which {source} does not have"
            )
        network, spec = load_network(self.model, graph)
        names = labels.read_text(encoding="utf-8").rstrip("\n").split("\n")
        if len(names) != network.num_classes:
            raise ValueError(f"{labels} has {len(names)} names, and the network {network.num_classes} classes")
        return network, replace(spec, class_names=names)
