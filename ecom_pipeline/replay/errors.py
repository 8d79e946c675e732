"""The errors of reading a file: each names the file, the place, and what to do."""

from ecom_pipeline.domain.errors import EcomError


class DatasetError(EcomError):
    """A file that cannot be read or understood; the message has the cause and the remedy."""


class NoRowsError(DatasetError):
    """The file has no rows, or none of the selected days."""
