"""The one root of every error that a user can cause."""


class RecsysError(Exception):
    """Something that a user can understand and put right.

    The message says what is wrong, what was found, what was expected and what to do next,
    with the file and line where there is one. The command line prints it as one line and
    exits with 1; Dagster shows it as the description of the failure.
    """


class StoppedError(RecsysError):
    """Somebody stopped the work by hand; the message says what is kept."""
