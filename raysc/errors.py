"""Errors that raysc shows to a user as one message, without a traceback."""


class RayscError(Exception):
    """A failure that the message explains; the command exits with status 1."""


class InputError(RayscError):
    """Invalid input, refused before anything starts; the command exits with status 2."""
