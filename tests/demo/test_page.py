"""The page without a browser: what it offers, and what its callbacks give."""

import hashlib
import json
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

gr = pytest.importorskip("gradio", minversion="6", reason='Gradio 6 is not installed (pip install ".[demo]")')

import paddle_cv as pcv  # noqa: E402
from paddle_cv.demo import LANGUAGES, Network, Page, networks_at_hand, networks_to_fetch, own_network  # noqa: E402
from paddle_cv.demo.samples import sample_photographs  # noqa: E402
from paddle_cv.demo.texts import TEXTS  # noqa: E402
from paddle_cv.models import registry  # noqa: E402
from paddle_cv.pictures import Picture, open_picture, save_picture  # noqa: E402
from paddle_cv.weights import hub_modules_folder, save_state, with_class_names  # noqa: E402

from ..hub.support import png_bomb  # noqa: E402


@pytest.fixture(scope="module")
def page():
    return Page([*networks_at_hand(), *networks_to_fetch()], max_megapixels=1)


CHAIN = "dncnn_lite_gray_s25+rdn_lite_x4"


@pytest.fixture
def upload(photo, tmp_path):
    path = tmp_path / "small photo.png"
    Image.fromarray(photo[80:120, 100:160]).save(path)
    return str(path)


def restore(page, path, name="rdn_lite_x4", noise_level=15, language="en"):
    """The slider's pictures, the file to download, read at once: the files are gone after it, and the line on them."""
    steps = []
    [outputs] = (
        (
            [open_picture(file) for file in slider["value"]],
            slider["label"],
            Path(file["value"]).name,
            open_picture(file["value"]),
            facts,
        )
        for slider, file, facts in page.enlarging.restore(
            path, name, lambda at, unit: steps.append(at), noise_level, language
        )
    )
    assert steps and steps[-1][0] == steps[-1][1]
    return outputs


def components(page, kind):
    return [block for block in page.blocks.values() if isinstance(block, kind)]


def test_it_offers_what_is_shipped(page):
    """All modules with weights and no others, as no other weights have been fetched in the tests' cache."""
    shipped = {
        json.loads(card.read_text(encoding="utf-8"))["model"] for card in hub_modules_folder().glob("*/card.json")
    }
    here = {network.name: network for network in networks_at_hand()}
    assert set(here) == {*shipped, CHAIN} and {"rdn_lite_x4", "lenet"} <= shipped
    assert not any(network.missing for network in here.values())
    # Who drops a photograph and clicks has it enlarged; the next in the menu cleans it as well.
    assert list(page.networks)[:2] == ["rdn_lite_x4", CHAIN]


def test_menus_say_what_networks_do(page):
    titles = {code: [network.title(TEXTS[code]) for network in page.networks.values()] for code in LANGUAGES}
    assert titles["en"][:2] == ["Enlarge × 4 — rdn_lite_x4", f"Clean, then enlarge × 4 — {CHAIN}"]
    assert titles["zh"][0] == "放大 4 倍 — rdn_lite_x4" and titles["zh"][1].startswith("先去噪，再放大 4 倍")
    assert {"Remove noise — dncnn_lite_gray_s25", "Read a digit — lenet", "⤓ 1000 classes — resnet50"} <= {
        *titles["en"]
    }
    [menu, *_] = components(page, gr.Dropdown)
    assert menu.choices[0] == ("Enlarge × 4 — rdn_lite_x4", "rdn_lite_x4") and menu.value == "rdn_lite_x4"
    changed = dict(zip(page._words.components, page._words.updates("zh")))[menu]
    assert changed["choices"][0] == ("放大 4 倍 — rdn_lite_x4", "rdn_lite_x4") and "value" not in changed


def test_clean_and_enlarge(page, upload):
    _, label, name, saved, _ = restore(page, upload, CHAIN)
    assert label == f"bicubic ↔ {CHAIN}" and name == f"small photo_{CHAIN}.png"
    expected = pcv.load(["dncnn_gray_s25", "rdn_x4"]).predict(upload)
    assert np.array_equal(saved.color, np.asarray(expected))


def test_photographs_to_begin_with(page):
    """They lie in scikit-image, which is not imported; without it there are none."""
    paths = sample_photographs()
    assert len(paths) == 4 and all(path.is_file() for path in paths)
    tables = components(page, gr.Dataset)
    assert len(tables) == 3  # not for digits
    assert all(table.raw_samples == [[str(path)] for path in paths] for table in tables)


def test_published_weights_are_offered_when_they_have_been_fetched(monkeypatch, tmp_path):
    monkeypatch.setenv("PADDLE_CV_HOME", str(tmp_path))
    from paddle_cv.weights import cached_path

    path = cached_path(pcv.model_spec("resnet18").published)
    names = lambda networks: [network.name for network in networks]  # noqa: E731
    assert "resnet18" not in names(networks_at_hand()) and "resnet18" in names(networks_to_fetch())
    path.parent.mkdir(parents=True)
    path.write_bytes(b"")
    assert "resnet18" in names(networks_at_hand()) and "resnet18" not in names(networks_to_fetch())


def test_every_text_is_there_in_both_languages():
    assert set(TEXTS) == set(LANGUAGES)
    chinese, english = (vars(TEXTS[code]) for code in ("zh", "en"))
    for name, text in english.items():
        assert text and chinese[name] and (chinese[name] != text), name
    for text in ("done", "too_large"):
        numbers = dict(name="n", width=1, height=2, new_width=3, new_height=4, limit=5)
        assert all(number in vars(TEXTS[code])[text].format(**numbers) for code in LANGUAGES for number in "1234")


def test_enlarging(page, upload):
    (before, after), label, name, saved, facts = restore(page, upload)
    assert label == "bicubic ↔ rdn_lite_x4" and name == "small photo_rdn_lite_x4.png"
    assert facts.startswith("60 × 40 → 240 × 160 pixels")
    expected = np.asarray(pcv.load("rdn_lite_x4").predict(upload))
    assert np.array_equal(saved.color, expected) and np.array_equal(after.color, expected)
    assert np.array_equal(before.color, np.asarray(pcv.load("bicubic_x4").predict(upload)))
    _, label, _, _, facts = restore(page, upload, "fsrcnn_x3", language="zh")
    assert label == "双三次插值 ↔ fsrcnn_x3" and "180 × 120 像素" in facts


def test_denoisers_show_before_and_after(photo, upload):
    network, spec = pcv.create_model("ffdnet_color"), pcv.model_spec("ffdnet_color")
    network.eval()
    from paddle_cv.inference import RestorationPredictor

    predictor = RestorationPredictor(network, spec, engine="dygraph")
    page = Page([Network("ffdnet", spec, lambda: predictor)])
    [noise] = components(page, gr.Slider)
    assert noise.visible
    results = []
    for level in (5, 50):
        (before, after), label, _, saved, _ = restore(page, upload, "ffdnet", level)
        assert label == "before ↔ ffdnet" and np.array_equal(before.color, open_picture(upload).color)
        assert np.array_equal(saved.color, np.asarray(predictor.predict(upload, noise_level=level)))
        results.append(saved.color)
    assert not np.array_equal(*results)


def test_depth_and_transparency_come_back(page, photo, tmp_path):
    rgba = np.dstack([photo[:20, :30], np.full((20, 30), 255, np.uint8)])
    rgba[:10, :15, 3] = 0
    path = tmp_path / "clear.png"
    Image.fromarray(rgba).save(path)
    (before, after), _, _, saved, _ = restore(page, str(path))
    assert np.array_equal(saved.array(), np.asarray(pcv.load("rdn_lite_x4").predict(path)))
    assert before.alpha is None and after.alpha is None  # they lie on one another
    assert (after.color[:20, :40] == 255).all() and np.array_equal(after.color[60:], saved.color[60:])

    deep = Picture(photo[:20, :30].astype(np.uint16) * 257 + 3, None, "deep", "image")
    save_picture(deep, tmp_path / "deep.png")
    (before, _), _, _, saved, _ = restore(page, str(tmp_path / "deep.png"))
    assert saved.color.dtype == before.color.dtype == np.uint16
    assert np.array_equal(saved.color, pcv.load("rdn_lite_x4").predict(tmp_path / "deep.png"))


def test_photographs_come_upright(page, photo, tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6  # turned by a quarter
    Image.fromarray(photo[:20, :30]).save(tmp_path / "turned.jpg", exif=exif)
    (before, after), _, _, saved, facts = restore(page, str(tmp_path / "turned.jpg"))
    assert before.size == after.size == saved.size == (120, 80) and facts.startswith("20 × 30 →")


@pytest.mark.parametrize("language, failed", [("en", "This picture cannot be used"), ("zh", "这张图片无法使用")])
def test_what_cannot_be_used_is_a_message(page, photo, tmp_path, language, failed):
    text = tmp_path / "text<b>.png"
    text.write_text("no picture")
    large = tmp_path / "large.png"
    Image.fromarray(np.zeros((300, 300), np.uint8)).save(large)
    bomb = tmp_path / "bomb.png"
    bomb.write_bytes(png_bomb())
    damaged = tmp_path / "damaged.png"
    Image.fromarray(photo[:100, :100]).save(damaged)
    damaged.write_bytes(damaged.read_bytes()[:5000])
    calls = [
        lambda path: next(page.enlarging.restore(path, "rdn_lite_x4", gr.Progress(), 0, language)),
        lambda path: page.naming.classify(path, "mobilenet_v2", language),
    ]
    reasons = {
        "en": {text: "text&lt;b&gt;.png: this is no picture", damaged: "damaged.png: image file is truncated"},
        "zh": {text: "text&lt;b&gt;.png：不是图片", damaged: "文件已损坏.*damaged.png"},
    }
    for call in calls:
        for path, reason in reasons[language].items():
            with pytest.raises(gr.Error, match=reason) as caught:
                call(str(path))
            assert caught.value.message.startswith(failed) and not caught.value.print_exception
            assert str(tmp_path) not in caught.value.message
    with pytest.raises(gr.Error, match="large.png.+300 × 300.+1200 × 1200.+ 1 "):
        calls[0](str(large))
    with pytest.raises(gr.Error, match="bomb.png"):
        calls[0](str(bomb))
    with pytest.raises(gr.Error, match="bomb.png.+30000 × 30000.+50"):
        calls[1](str(bomb))
    with pytest.raises(gr.Error) as caught:
        calls[0](None)
    assert caught.value.message == TEXTS[language].no_picture and caught.value.title == TEXTS[language].error
    assert calls[1](None) == (None, None)


@pytest.mark.parametrize("language, begin", [("en", "The weights of resnet18"), ("zh", "resnet18 的权重无法使用")])
def test_weights_that_cannot_be_used_are_a_message(monkeypatch, tmp_path, upload, language, begin):
    """A file in the cache is another one than the published, which cannot be fetched. The picture is all right."""
    monkeypatch.setenv("PADDLE_CV_HOME", str(tmp_path))
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:9")
    from paddle_cv.weights import cached_path

    path = cached_path(pcv.model_spec("resnet18").published)
    path.parent.mkdir(parents=True)
    path.write_bytes(b"")
    page = Page([network for network in networks_at_hand() if network.name == "resnet18"])
    with pytest.raises(gr.Error, match="weights=") as caught:
        page.naming.classify(upload, "resnet18", language)
    assert caught.value.message.startswith(begin)


@pytest.mark.parametrize("language, notice", [("en", "not on this computer"), ("zh", "不在这台电脑上")])
def test_weights_are_fetched_by_a_click_only(monkeypatch, tmp_path, upload, language, notice):
    """The picture is there, but nothing is said of it: least of all that it were a digit."""
    monkeypatch.setenv("PADDLE_CV_HOME", str(tmp_path))
    page = Page([*networks_at_hand(), *networks_to_fetch()], language)
    assert not any(network.reads_digits for network in page.naming.networks.values())
    name, *_ = page.naming.networks
    text, button = page.naming.notice(name, language)
    assert notice in text["value"] and text["visible"] and button["visible"]
    labels, shown = page.naming.classify(upload, name, language)
    assert labels is None and shown.size == (60, 40)
    with monkeypatch.context() as offline:
        offline.setenv("https_proxy", "http://127.0.0.1:9")
        with pytest.raises(gr.Error, match="weights="):
            page.naming.fetch(name, language)
    # As if it had been fetched.
    spec = pcv.model_spec(name)
    save_state(pcv.create_model(name).state_dict(), weights := tmp_path / "weights.pdparams")
    published = replace(spec.published, md5=hashlib.md5(weights.read_bytes()).hexdigest(), url=weights.as_uri())
    monkeypatch.setitem(registry._SPECS, name, replace(spec, published=published))
    [network] = [network for network in networks_to_fetch() if network.name == name]
    page = Page([network], language)
    text, button = page.naming.fetch(name, language)
    assert not text["visible"] and not button["visible"] and not network.missing
    labels, _ = page.naming.classify(upload, name, language)
    assert len(labels) == 5 and not network.title(TEXTS[language]).startswith("⤓")


@pytest.mark.parametrize("ground, ink", [((0, 0, 0, 0), (0, 0, 0, 255)), ((255, 255, 255, 255), (0, 0, 0, 255))])
def test_digits(page, ground, ink):
    sheet = Image.new("RGBA", (280, 280), ground)
    ImageDraw.Draw(sheet).line([(60, 60), (200, 60), (110, 230)], fill=ink, width=22)
    labels, seen = page.drawing.read_digit({"composite": np.asarray(sheet)}, "lenet")
    assert max(labels, key=labels.get) == "7" and len(labels) == 5
    assert seen.shape == (224, 224) and seen[0, 0] == 0 and seen.max() > 200
    blank = np.asarray(Image.new("RGBA", (280, 280), ground))
    # What the sketchpad gives after it was cleared, too.
    for nothing in (None, {"composite": None}, {"composite": blank}):
        assert page.drawing.read_digit(nothing, "lenet") == (None, None)


def test_classification_with_weights_of_a_file(photo, tmp_path):
    network = pcv.create_model("squeezenet1_0", num_classes=3)
    path = tmp_path / "animals.pdparams"
    save_state(with_class_names(network.state_dict(), ["cat", "dog", "cow"]), path)
    own = own_network("squeezenet1_0", path)
    page = Page([own, *networks_at_hand()])
    assert not own.reads_digits and next(iter(page.networks)) == own.name == "squeezenet1_0 (animals.pdparams)"
    picture = tmp_path / "grey.png"
    Image.fromarray(np.dstack([photo[..., 0], photo[..., 1]])).save(picture)  # with transparency
    labels, shown = page.naming.classify(str(picture), own.name, "en")
    assert set(labels) == {"cat", "dog", "cow"} and sum(labels.values()) == pytest.approx(1, abs=1e-5)
    assert shown.size == (451, 300)
    with pytest.raises(ValueError):
        own_network("rdn_lite_x4", path)


def test_a_page_shows_the_tabs_of_its_networks(page):
    tabs = lambda page: [tab.label for tab in components(page, gr.Tab)]  # noqa: E731
    assert tabs(page) == ["Enlarge, clean", "Digits", "Recognise", "Cut out"]
    networks = networks_at_hand()
    assert tabs(Page([n for n in networks if n.task != "classification"], "zh")) == ["放大与去噪", "分割与抠图"]
    assert tabs(Page(networks)) == ["Enlarge, clean", "Digits", "Cut out"]  # no photograph is taken for a digit
    plain = [replace(n, spec=replace(n.spec, labels="imagenet")) for n in networks if n.reads_digits]
    assert tabs(Page(plain)) == ["Recognise"]
    with pytest.raises(ValueError):
        Page([])


def test_it_needs_no_network(monkeypatch):
    """Neither Gradio's statistics nor stylesheets; and a proxy is not asked for the page itself."""
    for key in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
        monkeypatch.setenv(key, "http://127.0.0.1:9")
    monkeypatch.setenv("no_proxy", "example.org")
    monkeypatch.setenv("NO_PROXY", "")
    page = Page(networks_at_hand())
    assert (
        os.environ["no_proxy"] == "example.org,127.0.0.1,localhost" and os.environ["NO_PROXY"] == "127.0.0.1,localhost"
    )
    assert page.analytics_enabled is False
    page.launch(prevent_thread_lock=True, quiet=True)
    try:
        assert page.stylesheets == []
        assert page.server_name == "127.0.0.1" and page.share is False
    finally:
        page.close()


def test_uploads_and_results_go_with_the_page(upload, monkeypatch, tmp_path):
    """Over HTTP, as the browser does it."""
    from gradio_client import Client, handle_file  # gradio brings it

    folder = tmp_path / "gradio"
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(folder))
    page = Page(networks_at_hand())
    _, address, _ = page.launch(prevent_thread_lock=True, quiet=True)
    try:
        client = Client(address, verbose=False, download_files=str(tmp_path / "downloads"))
        _, saved, facts = client.predict(handle_file(upload), "fsrcnn_x3", 0, "en", api_name="/restore")
        assert facts == "60 × 40 → 180 × 120 pixels"
        samples = {path.name for path in sample_photographs()}
        assert len([path for path in folder.rglob("*.png") if path.name not in samples]) == 3  # upload, bicubic, result
    finally:
        page.close()
    # Gradio leaves an empty file behind.
    left = [path for path in folder.rglob("*") if path.is_file() and path.stat().st_size and path.name not in samples]
    assert not left
