"""Whether a network seems to hide what it is: context terms, score, counter-evidence."""
