"""The one error meant for a person's eyes.

Belongs here: the base of every error whose text says what happened and what to do.
Does not belong here: programming mistakes (let those keep their traceback).
"""


class VigiaError(Exception):
    """Something a person can put right; the command line prints its text without a traceback."""
