"""The Kubernetes API, by lightkube; the only place that knows it. Importing this loads it."""

from sidecar.adapters.kubernetes.client import LightkubeApi

__all__ = ["LightkubeApi"]
