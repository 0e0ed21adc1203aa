"""Read what people declare: disjoint.toml, or two files of variables and nothing else."""
