"""What a run gives to people: summary, report, pairs."""
