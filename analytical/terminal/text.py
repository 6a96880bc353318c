"""Numbers as people read them."""

from analytical.counts import Number


def metric(quantity: float) -> tuple[float, str]:
    """The factor and prefix with which a quantity in SI units reads well.

    Parameters
    ----------
    quantity : float
        In SI units without prefix.

    Returns
    -------
    (float, str)
        What to multiply it by, and the prefix that its unit takes then; none is larger than 1 or smaller than nano.

    Examples
    --------
    >>> metric(0.015), metric(16e-6), metric(2.5)
    ((1000.0, 'm'), (1000000.0, 'u'), (1.0, ''))
    """
    for scale, prefix in ((1.0, ""), (1e3, "m"), (1e6, "u")):
        if quantity * scale >= 1:
            return scale, prefix
    return 1e9, "n"


def digits(number: float) -> str:
    """A number of at most four digits before the point, in five characters.

    Examples
    --------
    >>> digits(0.0475), digits(9.9999), digits(15.009), digits(305.381)
    ('0.048', '10.00', '15.01', '305.4')
    """
    # limits are where rounding would carry into another digit: 9.9995 is 10.00, not 10.000
    decimals = 3 if number < 9.9995 else 2 if number < 99.995 else 1 if number < 999.95 else 0
    return f"{number:.{decimals}f}"


def short(number: Number) -> str:
    """A number in three digits and the prefix of its thousands.

    Examples
    --------
    >>> short(0), short(999), short(12345), short(1.91e9)
    ('0', '999', '12.3k', '1.91G')
    """
    number = float(number)
    prefixes = iter("kMGT")
    prefix = ""
    # from 999.5 on, three digits would round to 1000
    while abs(number) >= 999.5 and prefix != "T":
        number, prefix = number / 1000, next(prefixes)
    digits = f"{number:.3g}" if prefix or number < 100 else f"{number:.0f}"
    return digits + prefix
