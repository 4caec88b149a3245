"""How many threads a computation should have."""

from __future__ import annotations

import os
from pathlib import Path

__all__ = ["physical_cores"]

_TOPOLOGY = "/sys/devices/system/cpu/cpu{}/topology"
_QUOTA = "/sys/fs/cgroup/cpu.max"


def physical_cores(topology: str = _TOPOLOGY, quota: str = _QUOTA) -> int:
    """Cores that this process may use, at least 1.

    Two threads on one core only get in each other's way in dense arithmetic, so that hyper-threads are not counted; nor are
    CPUs that the process is kept from (`taskset`), or more than a container is given time for.

    Args:
        topology: Folder in which Linux describes a CPU, whose number is put in for {}.
        quota: File in which Linux says how much time the processes of a container have.
    """
    cpus = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else range(os.cpu_count() or 1)
    cores = {_core(Path(topology.format(cpu)), cpu) for cpu in cpus}
    try:
        allowed, period = Path(quota).read_text(encoding="utf-8").split()[:2]
        return max(min(len(cores), round(int(allowed) / int(period))), 1)
    except (OSError, ValueError):  # no such file, or "max"
        return max(len(cores), 1)


def _core(folder: Path, cpu: int) -> tuple:
    try:
        return tuple(int((folder / name).read_text(encoding="utf-8")) for name in ("physical_package_id", "core_id"))
    except (OSError, ValueError):
        return (cpu,)
