"""The one kind of error that is the user's to mend."""


class UserError(Exception):
    """Says in one line what was found, what was expected and what to type next.

    The command line prints the line without a traceback and exits with code 2.
    """
