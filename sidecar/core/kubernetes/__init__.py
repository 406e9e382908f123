"""Decisions about objects of Kubernetes."""
