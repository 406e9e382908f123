"""What a sidecar costs, ours and what people would use in its place, measured on one machine in one run.

`contenders` says who is compared and how each is driven, `engine` is the Docker engine and what the kernel
counts for a container, `rows` measures, `figures` is what was measured, `limits` judges it, and `documents`
writes docs/.
"""
