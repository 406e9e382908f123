"""Writers against each other, and loops killed at random."""

SUITE = "contention"
