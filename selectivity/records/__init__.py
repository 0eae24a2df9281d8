"""The decision record (trace de décision): replayed every night, explained cell by cell."""
