"""What leaves a run: pairs as CSV, alerts as a report."""
