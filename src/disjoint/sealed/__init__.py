"""Production by its seal: how one is made, opened and judged against. Above snapshots, below the pipeline."""
