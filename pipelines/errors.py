"""Errors that are the user's to mend."""

import difflib
from collections.abc import Iterable

from gan.errors import one_line

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
        super().__init__(f"{SETTINGS_FILE}: {one_line(name, 80)} {why}")


def nearest(word: str, words: Iterable[str]) -> str:
    """Return the end of a sentence about a word that is not known: the one that was perhaps meant, else all there are.

    >>> nearest("statsu", ["run", "status"])
    '; did you mean status?'
    """
    known = list(words)
    close = difflib.get_close_matches(word, known, n=1, cutoff=0.5)
    return f"; did you mean {close[0]}?" if close else f"; known are {', '.join(known)}"
