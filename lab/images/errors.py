"""The one error of this package."""


class ImageError(Exception):
    """A stand-in that cannot be built here; the message says what is missing and what to do."""
