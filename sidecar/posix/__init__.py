"""The operating system: clocks, signals, the watchdog, and files that survive a crash."""
