"""PromQL expressions that several panels use, for the service that the reader has chosen."""


def rate(metric: str, by: str, selector: str = "") -> str:
    """The rate of a counter per second, summed by the labels `by`; `selector` narrows its labels further."""
    return f'sum by ({by}) (rate({metric}{{prefix="$prefix"{selector}}}[$__rate_interval]))'


def quantile(share: float, metric: str, by: str) -> str:
    """A quantile of a histogram over the shown resolution, by the labels `by`."""
    buckets = f'sum by ({by}, le) (rate({metric}_bucket{{prefix="$prefix"}}[$__rate_interval]))'
    return f"histogram_quantile({share}, {buckets})"


def quantile_of_range(share: float, metric: str) -> str:
    """One quantile of a histogram over the whole time shown."""
    buckets = f'sum by (le) (increase({metric}_bucket{{prefix="$prefix"}}[$__range]))'
    return f"histogram_quantile({share}, {buckets})"
