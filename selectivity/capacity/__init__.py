"""The capacity valve (vanne de capacité): how much of what is wanted can be controlled."""
