"""Every metric: name, type, unit, labels and meaning."""
