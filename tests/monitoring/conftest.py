"""The pods of the end-to-end tests."""

from tests.end_to_end.conftest import new_pod, pod, signed_in

__all__ = ["new_pod", "pod", "signed_in"]
