"""Decisions: pure functions of data and `now`; no input, output, clock, randomness or MSAL.

Instants are whole seconds since 1970 (UTC) and their names end in `_on`, as in OAuth's and MSAL's
own fields and in the files of the contract; durations end in `_seconds`.
"""
