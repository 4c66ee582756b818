"""The one error of this package."""


class EngineError(Exception):
    """Something that this package cannot do; the message says what stands in the way and what to do."""
