"""Looks into an input before it is read: what it is, what it holds, and which column or field may hold what.

sample_columns   the first values of each column of a table, or of each field of JSON
likeness         which of them is most like which field of a post
findings         what the beginning of an input holds, as posts
"""
