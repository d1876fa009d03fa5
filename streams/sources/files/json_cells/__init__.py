"""Reads fields of JSON objects by column, from where their values stand in the bytes of records.

    value_spans  checks an object and finds its values, in a compiled kernel
    columns      makes columns of the values

An object that is checked here is valid JSON, and its fields have the types of a schema. Any other is *not plain*:
`streams.sources.files.json_rows` decodes it, or says what is wrong with it.
"""
