"""Opens a page to play with the networks: enlarge and denoise pictures, read digits that are drawn, name what pictures show.

    paddle-cv demo
    paddle-cv demo --language zh --model squeezenet1_0=squeezenet1_0.pth --model ffdnet_color=ffdnet_color.pth

It offers the networks whose weights are shipped or have been fetched, and those of --model. The page is at http://127.0.0.1:7860,
for this machine only, and asks for nothing from the network.
"""

import argparse
import os
import signal
import tempfile

os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")  # read when gradio is imported


def positive(text: str) -> float:
    value = float(text)
    if not 0 < value < float("inf"):
        raise ValueError
    return value


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--model",
        action="append",
        default=[],
        metavar="NAME[=FILE]",
        help="offer this network, too, with the weights of a file; without a file those that are published, which are fetched",
    )
    parser.add_argument("--language", choices=["zh", "en"], help="of the page (as the browser prefers)")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen at; 0.0.0.0: all (%(default)s)")
    parser.add_argument("--port", type=int, default=7860, help="(%(default)s)")
    parser.add_argument("--max-megapixels", type=positive, help="of the largest result (24)")
    parser.add_argument("--open", action="store_true", help="open the page in a browser")
    arguments = parser.parse_args()
    try:
        from paddle_cv import demo
    except ImportError as error:
        if isinstance(error, ModuleNotFoundError):
            raise
        parser.error(str(error))  # another release of Gradio
    try:
        own = [
            demo.own_network(name, file or None) for name, _, file in (item.partition("=") for item in arguments.model)
        ]
    except (KeyError, FileNotFoundError, ValueError) as error:
        parser.error(error.args[0])
    networks = [*own, *demo.networks_at_hand(), *demo.networks_to_fetch()]
    # Like Ctrl-C, after which uploads and results are removed: by Gradio itself only some are.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with tempfile.TemporaryDirectory(prefix="paddle_cv_page_") as folder:
        os.environ.setdefault("GRADIO_TEMP_DIR", folder)
        page = demo.Page(networks, arguments.language, arguments.max_megapixels or demo.MAX_MEGAPIXELS)
        try:
            page.launch(server_name=arguments.host, server_port=arguments.port, inbrowser=arguments.open)
        except (OSError, OverflowError) as error:  # the port is taken, or there is none of this number
            parser.error(str(error))
    return 0
