"""moto's server with a clock that tests move: what the file in KK_MOTO_CLOCK says, in milliseconds, is added to it."""
import datetime
import os

import moto.core.utils

real = moto.core.utils.utcnow


def utcnow():
    try:
        with open(os.environ["KK_MOTO_CLOCK"], encoding="ascii") as file:
            return real() + datetime.timedelta(milliseconds=int(file.read() or 0))
    except (KeyError, OSError):
        return real()


moto.core.utils.utcnow = utcnow

from moto.server import main  # noqa: E402  after the clock is in its place

main()
