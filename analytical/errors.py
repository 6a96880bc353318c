"""What every refusal of bad input has in common."""


class InputError(ValueError):
    """Input that cannot be used: one line that says what, where, and what was expected.

    Command lines end with it and exit status 2; in Python it is a :class:`ValueError`. What refuses a layer, a network,
    a hardware or a mapping derives from it, so that one ``except`` is enough for all.
    """
