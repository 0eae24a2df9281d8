"""What the past says of a file: daily buckets, history features, past files and their outcomes."""
