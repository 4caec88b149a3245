"""`paddle-cv demo` in a real browser: headless Chromium, which chromedriver steers.

PADDLE_CV_SCREENSHOT=docs/demo.jpg makes the test write the README's screenshot as well, and PADDLE_CV_SCREENSHOT_PHONE=FILE that of
a phone.
"""

import io
import json
import os
import shutil
import socket
import subprocess
import sys
import time

import numpy as np
import pytest
from PIL import Image

import paddle_cv as pcv

from ..hub.support import NO_NETWORK, free_port

webdriver = pytest.importorskip("selenium.webdriver", reason='selenium is not installed (pip install ".[dev]")')
pytest.importorskip("gradio", minversion="6", reason='Gradio 6 is not installed (pip install ".[demo]")')
from selenium.webdriver.common.actions.wheel_input import ScrollOrigin  # noqa: E402
from selenium.webdriver.common.by import By  # noqa: E402
from selenium.webdriver.support.ui import WebDriverWait  # noqa: E402

CHROMIUM, DRIVER = (shutil.which(name) for name in ("chromium", "chromedriver"))

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not (CHROMIUM and DRIVER), reason="no chromium and chromedriver (apt-get install chromium-driver)"
    ),
]

PATIENCE = 240  # seconds that anything may take where the cores have other work; waits end when it is there


class Visit:
    """The page at `address` in a browser window."""

    def __init__(self, address, downloads):
        options = webdriver.ChromeOptions()
        options.binary_location = CHROMIUM
        # Containers have neither the rights for Chromium's sandbox nor much shared memory.
        for argument in (
            "--headless=new",
            "--no-sandbox",
            "--disable-dev-shm-usage",
            "--window-size=1280,920",
            "--lang=en",
        ):
            options.add_argument(argument)
        options.add_experimental_option("prefs", {"download.default_directory": str(downloads)})
        options.set_capability("goog:loggingPrefs", {"performance": "ALL"})
        self.browser = webdriver.Chrome(options, webdriver.ChromeService(DRIVER))
        self.address = address
        self.browser.get(address)

    def wait(self, condition):
        """What `condition` returns once it is true; elements may come and go meanwhile."""
        return WebDriverWait(self.browser, PATIENCE, poll_frequency=0.1).until(lambda browser: condition())

    def find(self, selector):
        return self.wait(lambda: self.browser.find_element(By.CSS_SELECTOR, selector))

    def text(self, selector):
        return self.browser.find_element(By.CSS_SELECTOR, selector).text

    def upload(self, selector, path):
        for button in self.browser.find_elements(By.CSS_SELECTOR, f"{selector} [aria-label=Clear]"):
            button.click()  # of the file before
        self.find(f"{selector} input[type=file]").send_keys(str(path))
        self.wait(lambda: path.stem in self.text(selector))

    def tab(self, number):
        self.wait(lambda: self.browser.find_elements(By.CSS_SELECTOR, "button[role=tab]"))[number].click()

    def choose(self, name):
        """A network, in the menu of the open tab."""
        [menu] = [m for m in self.browser.find_elements(By.CSS_SELECTOR, "input[role=combobox]") if m.is_displayed()]
        menu.click()
        self.find(f"[role=option][aria-label='{name}']").click()
        self.wait(lambda: menu.get_attribute("value") == name)

    def drag(self, element, *points):
        """The mouse goes along points, offsets from the middle of an element, with the button down."""
        actions = webdriver.ActionChains(self.browser, duration=50)
        actions.move_to_element_with_offset(element, *points[0]).click_and_hold()
        for point in points[1:]:
            actions.move_to_element_with_offset(element, *point)
        actions.release().perform()

    def picture(self, selector):
        png = self.browser.find_element(By.CSS_SELECTOR, selector).screenshot_as_png
        return np.asarray(Image.open(io.BytesIO(png)).convert("RGB")).astype(int)

    def requests(self):
        """The addresses that the browser has asked for."""
        messages = [json.loads(entry["message"])["message"] for entry in self.browser.get_log("performance")]
        return {m["params"]["request"]["url"] for m in messages if m["method"] == "Network.requestWillBeSent"}


@pytest.fixture
def visit(tmp_path, root):
    port, temporary = free_port(), tmp_path / "temporary"
    temporary.mkdir()
    command = [sys.executable, "-m", "paddle_cv", "demo", "--port", str(port)]
    environment = {**os.environ, **NO_NETWORK, "TMPDIR": str(temporary), "PYTHONPATH": str(root)}
    environment["PADDLE_CV_HOME"] = str(tmp_path / "home")  # nobody has fetched anything
    with open(tmp_path / "log", "w") as log:
        server = subprocess.Popen(command, cwd=tmp_path, env=environment, stdout=log, stderr=subprocess.STDOUT)
    visit = None
    try:
        started = time.monotonic()
        while True:
            assert server.poll() is None and time.monotonic() < started + PATIENCE, (tmp_path / "log").read_text()
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                break
            except OSError:
                time.sleep(0.2)
        visit = Visit(f"http://127.0.0.1:{port}/", tmp_path)
        yield visit
    finally:
        if visit:
            visit.browser.quit()
        server.terminate()
        server.wait(timeout=PATIENCE)
    assert not list(temporary.glob("**/*.png"))


def test_a_visit(visit, photo, tmp_path, root):
    upload = tmp_path / "cat.png"
    Image.fromarray(photo[60:200, 110:320]).save(upload)
    enlarge(visit, upload, "rdn_lite_x4", "Enlarge × 4 — rdn_lite_x4", tmp_path)
    compare(visit)
    if target := os.environ.get("PADDLE_CV_SCREENSHOT"):
        shot = Image.open(io.BytesIO(visit.browser.get_screenshot_as_png())).convert("RGB")
        shot.save(root / target, quality=85)
    zoom(visit)
    refuse(visit, tmp_path)
    draw(visit)
    offer_weights(visit)
    change_language(visit)
    use_a_phone(visit)
    outside = {url for url in visit.requests() if not url.startswith((visit.address, "data:", "blob:"))}
    assert not outside
    log = (tmp_path / "log").read_text()
    # The browser gives up sending a drawing where the next stroke comes first.
    assert log.count("Traceback") == log.count("\nstarlette.requests.ClientDisconnect\n"), log


def enlarge(visit, upload, network, title, downloads):
    """The file that is downloaded holds what the library computes, bit for bit; the page begins with the best network."""
    visit.upload("#picture", upload)
    [menu] = [m for m in visit.browser.find_elements(By.CSS_SELECTOR, "input[role=combobox]") if m.is_displayed()]
    assert menu.get_attribute("value") == title
    visit.choose("Enlarge × 2 — fsrcnn_x2")
    visit.choose(title)
    visit.find("#run").click()
    visit.wait(lambda: "210 × 140 → 840 × 560 pixels" in visit.text("#facts"))
    visit.wait(lambda: visit.browser.find_element(By.ID, "download").is_enabled())
    visit.find("#download").click()
    result = downloads / f"cat_{network}.png"
    visit.wait(result.is_file)
    assert np.array_equal(np.asarray(Image.open(result)), np.asarray(pcv.load(network).predict(upload)))


def compare(visit):
    """The slider uncovers the result: on the way of the line the picture changes, elsewhere it does not."""
    visit.wait(
        lambda: visit.browser.execute_script(
            "const images = [...document.querySelectorAll('#slider img')];"
            "return images.length == 2 && images.every(image => image.complete && image.naturalWidth == 840)"
        )
    )
    handle = visit.find("#slider [data-testid=slider] .icon-wrap")
    half = visit.picture("#slider")
    visit.drag(handle, (0, 0), (-250, 0))
    # The icon follows the line: it has to leave the part that is compared.
    left = visit.picture("#slider")
    rows, width = slice(60, 240), half.shape[1]
    way, right = slice(width // 2 - 200, width // 2 - 40), slice(width // 2 + 40, width // 2 + 300)
    assert np.abs(left - half)[rows, way].max() > 20
    assert np.array_equal(left[rows, right], half[rows, right])
    visit.drag(handle, (0, 0), (250, 0))
    assert np.array_equal(visit.picture("#slider")[rows, way], half[rows, way])


def zoom(visit):
    """The wheel enlarges both pictures, and a button brings them back."""

    def scales():
        return [image.get_attribute("style") for image in visit.browser.find_elements(By.CSS_SELECTOR, "#slider img")]

    assert all("scale(1)" in style for style in scales())
    origin = ScrollOrigin.from_element(visit.find("#slider"), 100, 50)
    webdriver.ActionChains(visit.browser).scroll_from_origin(origin, 0, -300).perform()
    visit.wait(lambda: len(scales()) == 2 and not any("scale(1)" in style for style in scales()))
    visit.find("#slider [aria-label=Undo]").click()
    visit.wait(lambda: all("scale(1)" in style for style in scales()))


def refuse(visit, folder):
    """A file that is no picture is a message on the page."""
    text = folder / "text.png"
    text.write_text("no picture")
    visit.upload("#picture", text)
    visit.find("#run").click()
    visit.wait(lambda: "text.png: this is no picture" in visit.text("[data-testid=toast-text]"))
    visit.find("[data-testid=toast-close]").click()


def draw(visit):
    visit.tab(1)
    brush = "#pad [aria-label='Brush Size']"  # is there when one can draw
    visit.find(brush)
    canvas = visit.find("#pad canvas")
    visit.drag(canvas, (-50, -80), (50, -80), (-10, 90))
    visit.wait(lambda: visit.text("#digit").split("\n")[1:2] == ["7"])
    visit.find("#pad [aria-label='Clear canvas']").click()
    visit.wait(lambda: "7" not in visit.text("#digit"))
    visit.find(brush)
    visit.drag(canvas, (0, -80), (0, 80))
    visit.wait(lambda: visit.text("#digit").split("\n")[1:2] == ["1"])


def offer_weights(visit):
    """Nothing is said of a photograph without weights for photographs; they are offered, and why they do not come is said."""
    visit.tab(2)
    assert "not on this computer" in visit.wait(lambda: visit.text("#notice"))
    sample(visit)
    visit.wait(lambda: visit.browser.find_elements(By.CSS_SELECTOR, "img[src*='image.webp']"))
    assert visit.text("#label").strip() == "What the network says"
    visit.find("#fetch").click()
    message = visit.wait(lambda: visit.text("[data-testid=toast-text]"))
    assert "mobilenet_v2" in message and "weights=" in message
    visit.find("[data-testid=toast-close]").click()


def sample(visit):
    """A click on the first photograph that comes with the page."""
    pictures = visit.wait(lambda: [p for p in visit.browser.find_elements(By.CSS_SELECTOR, ".samples img") if shown(p)])
    pictures[0].click()


def shown(element):
    return element.is_displayed() and element.size["height"] > 0


def change_language(visit):
    tabs = lambda: [tab.text for tab in visit.browser.find_elements(By.CSS_SELECTOR, "button[role=tab]")]  # noqa: E731
    chinese, english = (
        ["放大与去噪", "手写数字", "图像分类", "分割与抠图"],
        ["Enlarge, clean", "Digits", "Recognise", "Cut out"],
    )
    assert tabs() == english
    visit.find("#language input[value=zh]").click()
    visit.wait(lambda: tabs() == chinese)
    visit.find("#language input[value=en]").click()
    visit.wait(lambda: tabs() == english)
    # Without a choice it is the browser's.
    visit.browser.execute_cdp_cmd("Network.setExtraHTTPHeaders", {"headers": {"Accept-Language": "zh-CN,zh;q=0.9"}})
    visit.browser.refresh()
    visit.wait(lambda: tabs() == chinese)


def use_a_phone(visit):
    """390 x 844 pixels: nothing is cut off, the heading has one line, and a click on a photograph brings its result into view."""
    width, height = 390, 844
    metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": True}
    visit.browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    visit.browser.execute_cdp_cmd("Network.setExtraHTTPHeaders", {"headers": {"Accept-Language": "en"}})
    visit.browser.refresh()
    box = lambda selector: visit.find(selector).rect  # noqa: E731
    visit.wait(lambda: "or try" in visit.text(".samples"))
    assert visit.browser.execute_script("return document.documentElement.scrollWidth") == width
    heading = box("#top h1")
    assert heading["height"] < 50
    for label in visit.browser.find_elements(By.CSS_SELECTOR, "#language label"):
        assert label.rect["y"] < heading["y"] + heading["height"] and label.rect["height"] < 45
        assert label.rect["x"] > heading["x"] + heading["width"] and label.rect["x"] + label.rect["width"] <= width
    tabs = [tab for tab in visit.browser.find_elements(By.CSS_SELECTOR, "button[role=tab]") if shown(tab)]
    assert [tab.text for tab in tabs] == ["Enlarge, clean", "Digits", "Recognise", "Cut out"]
    assert all(tab.rect["x"] + tab.rect["width"] <= width and tab.rect["height"] < 50 for tab in tabs)
    sample(visit)
    visit.wait(lambda: "451 × 300 → 1804 × 1200 pixels" in visit.text("#facts"))

    def in_view():
        script = "const r = document.querySelector('#slider').getBoundingClientRect(); return [r.top, r.bottom]"
        top, bottom = visit.browser.execute_script(script)
        return 0 <= top and bottom <= height

    visit.wait(in_view)
    if target := os.environ.get("PADDLE_CV_SCREENSHOT_PHONE"):
        Image.open(io.BytesIO(visit.browser.get_screenshot_as_png())).convert("RGB").save(target, quality=85)
