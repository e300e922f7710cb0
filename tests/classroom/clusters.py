"""Dask clusters on this machine."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from distributed import LocalCluster


@contextmanager
def cluster_of(workers: int) -> Iterator["LocalCluster"]:
    """Start a Dask cluster on this machine, as a class finds it on many."""
    from distributed import LocalCluster

    options = {"host": "127.0.0.1", "dashboard_address": None, "worker_dashboard_address": None}
    with LocalCluster(n_workers=workers, threads_per_worker=1, processes=True, **options) as cluster:
        yield cluster
