"""Formats of dumps, one file each.

    format        what a format must provide, and the part that CSV formats share
    csv_formats   the list of CSV formats that are recognised by their columns
    twitter_io, ira, coortweet, toolkit, mapped, jsonl   one format each

A format turns the records of a file into columns of canonical posts.
"""
