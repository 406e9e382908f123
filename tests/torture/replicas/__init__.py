"""Replicas that share one sign-in: raced, killed, on nodes whose clocks differ, beside any trouble."""

SUITE = "replicas"
