"""What a user can do wrong, as exceptions whose text is one clear line: what is wrong, where, and what to do."""


class UserError(Exception):
    """A mistake the user can put right. The command line prints the text alone and exits with `exit_code`."""

    exit_code = 1

    def __init__(self, message: str):
        super().__init__(" ".join(str(message).split()))  # one line, whatever came from below


class UsageError(UserError):
    """Bad use: an option, name or value that cannot be meant. Exit code 2."""

    exit_code = 2


class DataError(UserError):
    """Bad data: a file that cannot be read, holds nothing usable, or cannot be written. Exit code 1."""

    exit_code = 1
