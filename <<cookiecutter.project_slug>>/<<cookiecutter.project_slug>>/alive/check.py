"""One dependency, asked in a thread of its own, so that a hanging one holds up nobody."""

import logging
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Literal

State = Literal["ok", "unavailable"]

logger = logging.getLogger(__name__)


class Check:
    """Asks one dependency, and logs when its state changes."""

    def __init__(self, name: str, probe: Callable[[], None]) -> None:
        """Remember what to ask.

        Args:
            name: what the answer calls the dependency.
            probe: returns when the dependency works, raises or hangs when it does not.
        """
        self.name = name
        self._probe = probe
        self._answer: Future[None] | None = None
        self._last: State = "ok"

    def ask(self) -> "Future[None]":
        """Ask, unless an earlier question is still open: hanging threads must not pile up."""
        if self._answer is None or self._answer.done():
            self._answer = Future()
            threading.Thread(target=self._run, args=(self._answer,), daemon=True).start()
        return self._answer

    def state(self, answer: "Future[None]", timeout: float) -> State:
        """Return the state, after waiting for the answer for `timeout` seconds at most."""
        try:
            error = answer.exception(timeout)
        except TimeoutError:
            error = TimeoutError("no answer in time")
        state: State = "unavailable" if error else "ok"
        self._log_change(state, error)
        return state

    def _run(self, answer: "Future[None]") -> None:
        try:
            self._probe()
        except Exception as error:
            answer.set_exception(error)
        else:
            answer.set_result(None)

    def _log_change(self, state: State, error: BaseException | None) -> None:
        if state == self._last:
            return
        self._last = state
        if error:
            logger.error("%s is unavailable: %s: %s", self.name, type(error).__name__, error)
        else:
            logger.info("%s is available again", self.name)
