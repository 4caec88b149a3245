"""Files that get their names when they are whole; all floors write theirs by it."""

from __future__ import annotations

import json
import math
import os
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

__all__ = ["json_text", "whole_file"]


@contextmanager
def whole_file(path: str | os.PathLike, durable: bool = False) -> Iterator[Path]:
    """Gives a temporary name for a file, which becomes `path` where the block ends without an exception.

    Nobody ever sees half of it, and what was there before stays until then. The folder is made where it is missing. The
    temporary file lies in the same folder, hidden, and begins with the number of the process: `.<pid>-<random>.tmp<suffix>`.

    Args:
        path: The file to write.
        durable: Wait until it is on the disk before it gets its name: then not even a power failure leaves half of it.

    Raises:
        OSError: The folder cannot be made or written to.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    # Short, as the name itself may be as long as the file system allows; some writers go by the suffix.
    temporary = path.with_name(f".{os.getpid()}-{uuid.uuid4().hex[:8]}.tmp{path.suffix[:16]}")
    try:
        yield temporary
        if durable:
            with open(temporary, "rb+") as file:
                os.fsync(file.fileno())
        os.replace(temporary, path)
    finally:
        with suppress(FileNotFoundError):
            temporary.unlink()


def json_text(data: Any) -> str:
    """JSON of dictionaries, lists, texts and numbers; what is not finite becomes null, as JSON has no such numbers."""
    return json.dumps(_finite(data), indent=1, ensure_ascii=False, allow_nan=False)


def _finite(data: Any) -> Any:
    if isinstance(data, Mapping):
        return {key: _finite(value) for key, value in data.items()}
    if isinstance(data, (list, tuple)):
        return [_finite(value) for value in data]
    return None if isinstance(data, float) and not math.isfinite(data) else data
