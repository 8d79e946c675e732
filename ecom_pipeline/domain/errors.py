"""The base class of the project's errors, so that callers can catch all of them."""


class EcomError(Exception):
    """An anticipated failure; the message states the cause and what to do next."""
