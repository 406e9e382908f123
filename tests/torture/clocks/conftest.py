"""Pods for real processes; see `tests.end_to_end.conftest`."""

from tests.end_to_end.conftest import pod, signed_in

__all__ = ["pod", "signed_in"]
