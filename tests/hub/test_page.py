"""The page of a module: from Python, and by the real `hub serving` at /gradio/<name>."""

import base64
import contextlib
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

pytest.importorskip("paddlehub", reason="paddlehub is not installed (pip install .[hub])")
gr = pytest.importorskip("gradio", minversion="6", reason="Gradio 6 is not installed; it needs Python 3.10")
import paddlehub as hub  # noqa: E402
import requests  # noqa: E402  (paddlehub brings it)
from gradio_client import Client, handle_file  # noqa: E402  (gradio brings it)

from .support import HUB, Runner, serving  # noqa: E402

pytestmark = pytest.mark.hub


@pytest.mark.parametrize("name, tabs", [("rdn_x4", ["放大与去噪"]), ("lenet_mnist", ["手写数字"])])
def test_create_gradio_app(root, name, tabs):
    module = hub.Module(directory=str(root / "hub_modules" / name))
    page = module.create_gradio_app(language="zh")
    assert list(page.networks) == [name]
    assert [block.label for block in page.blocks.values() if isinstance(block, gr.Tab)] == tabs


@pytest.mark.slow
def test_serving_shows_the_page(tmp_path, root, photo, predictor):
    """The server has predicted before: its threads do not live in the page's process. And the page ends with the server."""
    home = Runner(tmp_path, root)
    home.environment.update(no_proxy="", NO_PROXY="")  # as where there is a proxy and nothing else is said
    home(HUB, "install", root / "hub_modules" / "rdn_x4")
    picture = tmp_path / "a.png"
    Image.fromarray(photo[:30, :40]).save(picture)
    expected = np.asarray(predictor.predict(picture))
    session = requests.Session()
    session.trust_env = False
    with serving(home, "rdn_x4") as port:
        image = base64.b64encode(picture.read_bytes()).decode()
        reply = session.post(f"http://127.0.0.1:{port}/predict/rdn_x4", json={"images": [image]}, timeout=120).json()
        assert reply["status"] == "000", reply
        page = session.get(f"http://127.0.0.1:{port}/gradio/rdn_x4", timeout=120)
        assert page.status_code == 200 and "gradio_config" in page.text
        assert page.url.startswith("http://127.0.0.1:") and f":{port}" not in page.url
        client = Client(page.url, verbose=False, download_files=str(tmp_path / "downloads"))
        shown, saved, facts = client.predict(handle_file(str(picture)), "rdn_x4", 0, "en", api_name="/restore")
        result = Path(saved["value"] if isinstance(saved, dict) else saved)
        assert result.name == "a_rdn_lite_x4.png" and facts.startswith("40 × 30 → 160 × 120 pixels")
        # Processes share the cores differently, and floating-point sums come in another order.
        assert np.abs(np.asarray(Image.open(result)).astype(int) - expected).max() <= 1
    for _ in range(100):
        with contextlib.suppress(requests.ConnectionError):
            session.get(page.url, timeout=5)
            time.sleep(0.2)
            continue
        return
    raise AssertionError("the page is still there")
