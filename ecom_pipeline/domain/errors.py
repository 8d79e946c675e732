"""What every error of ours is, so that an edge catches them by one name."""


class EcomError(Exception):
    """Something that can go wrong did; the message says what, and what to do."""
