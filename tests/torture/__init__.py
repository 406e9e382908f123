"""Everything is broken on purpose, and counted: crashes, faults, clocks, a long life, bad input.

`make test` runs each suite in a bounded form; `make torture` runs them at full length and prints one
table of what was counted. docs/reliability.md says which promise each of them proves.
"""
