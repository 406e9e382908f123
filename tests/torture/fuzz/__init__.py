"""Bad input of every kind: what is read is refused in one sentence, or used; the next turn is healthy.

A target is a function of bytes, so that hypothesis, atheris and the replay of the corpus share it.
`python -m tests.torture.fuzz TARGET --seconds N` runs one under atheris, which `make torture` installs.
"""
