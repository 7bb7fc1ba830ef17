"""The errors that raysc shows to a user as one message, without a traceback."""


class RayscError(Exception):
    """Something went wrong that the message explains; the command ends with status 1."""


class InputError(RayscError):
    """What the user gave cannot work: refused before anything starts; the command ends with status 2."""
