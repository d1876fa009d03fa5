"""Reference data: who is known, what their profiles show, what reviewers decided."""
