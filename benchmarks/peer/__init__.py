"""The same load in coordination-network-toolkit: CPU seconds and memory of loading it, of co_link and of co_retweet.

    toolkit     an environment of its own, the load as the toolkit wants it, and its commands
    __main__    the command `python -m benchmarks.peer`

Version 1.5.2 takes an empty cell of URLs for one URL, which all posts without a link would share: its co_link then
pairs nearly every post with every other (`"".split(" ")` is a list of one). So each post without a link is given one
that nobody else has.
"""
