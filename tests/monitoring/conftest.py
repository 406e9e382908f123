"""The pods of the end-to-end tests."""

from tests.end_to_end.conftest import pod, signed_in

__all__ = ["pod", "signed_in"]
