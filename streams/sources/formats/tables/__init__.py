"""Tables of tools that know many platforms, and any other input by a mapping."""
