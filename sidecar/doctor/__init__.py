"""The role `doctor`: looks at everything that a sign-in needs, and says what to mend."""

from sidecar.doctor.examination import examine

__all__ = ["examine"]
