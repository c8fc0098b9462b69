"""Errors that are the user's to mend."""

SETTINGS_FILE = "params.yaml"


class UserError(Exception):
    """Says in one line what was found, what was expected and what to type next.

    The command line prints the line without a traceback and exits with code 2.
    """


class SettingError(UserError):
    """Says which setting is wrong, and why.

    name: as it stands in `params.yaml`, `group.key` or a group alone. why: what is wrong and what it may be; it goes on
    from the name.

    >>> print(SettingError("filter.treshold", "is not a setting; did you mean threshold?"))
    params.yaml: filter.treshold is not a setting; did you mean threshold?
    """

    def __init__(self, name: str, why: str) -> None:
        super().__init__(f"{SETTINGS_FILE}: {name} {why}")
