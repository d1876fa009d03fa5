"""Formats of dumps, one file each, in a folder for each platform or kind.

    format        what a format must provide, and the part that CSV formats share
    json_format   the part that JSON formats share
    csv_formats, json_formats   the lists of formats that are recognised by their columns or fields
    catalogue     what each format is, and what it leaves detection without
    json_fields, text_keys   what several formats need

A format turns the records of a file into columns of canonical posts.
"""
