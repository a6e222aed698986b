"""Parts of the benchmark of descriptions."""
