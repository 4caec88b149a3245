"""What Windows and macOS would trip over and can be seen from the code."""

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

import paddle_cv

PACKAGE = Path(paddle_cv.__file__).parent
FILES = sorted(PACKAGE.rglob("*.py"))
#: Names that the standard library has on some systems only.
_NOT_EVERYWHERE = {
    "os": {
        "fork",
        "forkpty",
        "getuid",
        "geteuid",
        "getgid",
        "getpgid",
        "killpg",
        "setsid",
        "sched_getaffinity",
        "nice",
        "mkfifo",
    }
    | {
        "sched_setaffinity",
        "getloadavg",
        "chown",
        "chroot",
        "statvfs",
        "sysconf",
        "uname",
        "wait",
        "WNOHANG",
        "posix_fadvise",
    },
    "signal": {
        "SIGKILL",
        "SIGHUP",
        "SIGALRM",
        "SIGUSR1",
        "SIGUSR2",
        "SIGCHLD",
        "SIGQUIT",
        "alarm",
        "pause",
        "setitimer",
    },
    "time": {"tzset", "clock_gettime"},
    "socket": {"AF_UNIX", "SO_REUSEPORT"},
}
_MODULES = {"fcntl", "resource", "pwd", "grp", "termios", "tty", "pty", "msvcrt", "winreg", "_winapi", "syslog"}


def functions(tree: ast.AST) -> dict[ast.AST, ast.AST]:
    """The outermost function, or else the module, around each node."""
    around = {}

    def visit(node, owner):
        for child in ast.iter_child_nodes(node):
            inside = child if isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef)) and owner is tree else owner
            around[child] = inside
            visit(child, inside)

    visit(tree, tree)
    return around


def guarded(node: ast.AST) -> bool:
    """Whether a function looks where it is, or goes on without what is not there."""
    text = ast.unparse(node)
    return any(
        mark in text for mark in ("os.name", "sys.platform", "hasattr(", "except (ImportError", "except ImportError")
    )


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_names_that_some_systems_lack_are_guarded(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node, function in functions(tree).items():
        names = []
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            if node.attr in _NOT_EVERYWHERE.get(node.value.id, ()):
                names = [f"{node.value.id}.{node.attr}"]
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            modules = [alias.name for alias in node.names] if isinstance(node, ast.Import) else [node.module or ""]
            names = sorted(_MODULES & set(modules))
        if names:
            assert not isinstance(function, ast.Module) and guarded(function), f"{path.name}:{node.lineno}: {names}"


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_text_files_name_their_encoding(path):
    """Windows reads and writes its own code page otherwise."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if not isinstance(node, ast.Call) or any(keyword.arg in ("encoding", None) for keyword in node.keywords):
            continue
        called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        constants = [argument.value for argument in node.args if isinstance(argument, ast.Constant)]
        where = f"{path.name}:{node.lineno}"
        assert called not in ("read_text", "write_text"), where
        if called == "open" and isinstance(node.func, ast.Name):
            mode = next((value for value in constants[-1:] if isinstance(value, str) and len(node.args) > 1), "r")
            assert "b" in mode, where


def test_names_of_files_that_the_console_cannot_show(tmp_path, root, photo):
    from PIL import Image

    Image.fromarray(photo[:16, :16]).save(tmp_path / "猫.png")
    command = [
        sys.executable,
        "-m",
        "paddle_cv",
        "predict",
        "nearest_x2",
        "猫.png",
        "none.png",
        "-o",
        "out",
        "--engine",
        "dygraph",
    ]
    environment = {**os.environ, "PYTHONPATH": str(root), "PYTHONIOENCODING": "cp1252", "PYTHONUTF8": "0"}
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, env=environment)
    assert done.returncode == 1 and b"UnicodeEncodeError" not in done.stderr and (tmp_path / "out" / "猫.png").is_file()
    assert rb"\u732b.png" in done.stdout


def test_names_of_our_files_go_on_every_system(root):
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=root, capture_output=True)
    if listed.returncode:
        pytest.skip("this is no clone")
    names = [name for name in listed.stdout.decode().split("\0") if name]
    assert not [name for name in names if set('<>:"|?*\\') & set(name) or name.endswith((".", " "))]
    assert len({name.lower() for name in names}) == len(names)  # Windows and macOS know no case
    assert max(map(len, names)) < 120  # of the 260 of Windows' paths
