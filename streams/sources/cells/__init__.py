"""Reads single cells, a whole column at a time: times, counts, lists, and links, hashtags and mentions in a text."""
