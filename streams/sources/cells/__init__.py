"""Reads single cells, a whole column at a time. All formats read their cells here, so a form that one reads, all read.

null_words      words that stand for an empty cell
times           times in numbers and in writing; `written_times` has the forms
lists           lists of links, hashtags, handles and ids, whatever form they are written in
texts           links, hashtags and mentions in a text; text in HTML; counts
identities      ids, names of platforms, authors who are nobody, reposts that only the text shows
"""
