"""Pods for real processes; see `tests.end_to_end.conftest`."""

from tests.end_to_end.conftest import new_pod, pod, signed_in

__all__ = ["new_pod", "pod", "signed_in"]
