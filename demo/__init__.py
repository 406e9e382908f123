"""The demonstration behind `make demo`: everything real except Entra, which is the stand-in."""
