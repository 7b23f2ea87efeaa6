"""The one exception for bad input: its message is the single line a person reads."""


class RdmError(Exception):
    """Bad input, stated in one line: the key or file, what was found, what is allowed."""
