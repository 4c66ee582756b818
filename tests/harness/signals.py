"""Signals as a terminal's programs see them."""

import signal


def let_interrupt() -> None:
    """Let SIGINT end a program again, before it starts: in the background a shell makes it deaf to Ctrl+C."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
