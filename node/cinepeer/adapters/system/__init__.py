"""What the operating system gives: locks, limits, signals, ports, key files."""
