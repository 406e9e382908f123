"""Examples of pure code may take their time on a busy machine; what they find is what counts."""

from hypothesis import settings

settings.register_profile("unhurried", deadline=None)
settings.load_profile("unhurried")
