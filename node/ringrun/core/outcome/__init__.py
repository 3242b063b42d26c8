"""What came of a run: collected results, the verdict, the report."""
