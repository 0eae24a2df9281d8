"""Reference data a fresh installation starts with (référentiels); frozen, read once per process."""
