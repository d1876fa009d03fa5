"""The texts of an alert: headline, explanation, suggested steps, and what changed since the alert before.

`kind_words` has the words for kinds of traces, and `quoting` makes text from the data safe to stand in a sentence.
"""
