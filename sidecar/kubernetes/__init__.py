"""One sign-in for many pods: a shared copy of the sealed cache, and Secrets that apps mount."""
