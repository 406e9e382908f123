"""The examples of docs/ci: valid, and run."""
