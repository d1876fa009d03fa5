"""What detection finds where nobody acts together: `--check-by-chance`.

post_spool      keeps the posts of a run in temporary files, whatever they were read from
repost_authors  whose post a repost repeats
exchange        who gets which post, and how far the others move
copied_posts    a copy of the posts without coordination, as a source to read
check           detection on each copy, and what was found in it
"""
