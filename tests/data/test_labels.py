import inspect

import pytest

import paddle_cv as pcv
from paddle_cv.data import label_names


def test_imagenet():
    names = label_names("imagenet")
    assert len(names) == len(set(names)) == 1000 and all(name == name.strip() != "" for name in names)
    # Places that are known from everywhere, and the classes that share a first name.
    known = {0: "tench", 281: "tabby", 285: "Egyptian cat", 310: "ant", 309: "bee", 999: "toilet tissue"}
    known.update({134: "crane bird", 517: "crane", 264: "Cardigan", 474: "cardigan"})
    assert {index: names[index] for index in known} == known


def test_digits_and_others():
    assert label_names("mnist") == tuple(str(digit) for digit in range(10))
    assert len(set(label_names("cifar10"))) == 10
    with pytest.raises(KeyError, match="coco"):
        label_names("coco")


def test_segmentation():
    assert (
        label_names("voc")[0] == "background" and label_names("voc")[15] == "person" and len(label_names("voc")) == 21
    )
    assert label_names("cityscapes")[11] == "person" and len(set(label_names("cityscapes"))) == 19
    for name in pcv.list_models(task="segmentation"):
        spec = pcv.model_spec(name)
        if spec.labels:
            assert len(label_names(spec.labels)) == spec.num_classes == len(set(spec.palette)), name
            if spec.foreground is not None:
                assert label_names(spec.labels)[spec.foreground] == "person", name


def test_every_classifier_has_a_name_for_each_class():
    for name in pcv.list_models(task="classification"):
        spec = pcv.model_spec(name)
        classes = inspect.signature(spec.network).parameters["num_classes"].default
        if spec.labels:
            assert len(label_names(spec.labels)) == spec.hyperparameters.get("num_classes", classes), name
