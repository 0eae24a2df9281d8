"""The learned score (score): what past controls say of a file that comes in."""
