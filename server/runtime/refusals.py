"""How the process side says no: a code and its details. The command line turns them into sentences."""


class Refusal(Exception):
    """The process cannot start or go on as it was told to, and the operator can do something about it.

    `code` is a dotted lower-case string, `details` what a sentence about it needs (never a secret).
    """

    def __init__(self, code: str, **details: object) -> None:
        self.code = code
        self.details = details
        super().__init__(" ".join([code, *(f"{name}={value}" for name, value in details.items())]))


class MigrationError(Exception):
    """An applied migration file has been altered, the database is newer than this program, or a migration failed
    (`said`: the database's words) and changed nothing."""

    def __init__(self, code: str, name: str, said: str = "") -> None:
        super().__init__(f"{code}: {name} {said}".rstrip())
        self.code = code
        self.name = name
        self.said = said
