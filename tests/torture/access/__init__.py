"""Secrets and access, tried from the outside: real processes, real users of the machine, real files."""
