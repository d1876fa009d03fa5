"""All figures of speed and memory in one run, as a page with pictures: `make bench`.

measuring   runs the other benchmarks
page        benchmarks/RESULTS.md
picture     lines of seconds and memory by posts, as SVG
__main__    the command `python -m benchmarks.results`
"""
