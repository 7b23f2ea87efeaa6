"""The report: a folder of pages that a browser opens from the disk, without a network."""
