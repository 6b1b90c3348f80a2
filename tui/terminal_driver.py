"""The terminal while the UI has it: taken once, and given back as it was found."""

from __future__ import annotations

import termios
import tty

from textual.drivers.linux_driver import LinuxDriver


class TerminalDriver(LinuxDriver):
    """Textual's driver, which takes the terminal at a SIGCONT only where it was given up.

    Textual takes it at each one. A terminal that it has already (after `kill -STOP` and
    `kill -CONT`, or by the SIGCONT that `timeout` sends after its signal) it noted to be found
    without echo, gave it back like that, and read its keys by two threads, of which one stayed.
    """

    def _sigcont_application(self, *signal_and_frame: object) -> None:
        if not self._must_signal_resume:
            if not self._reads_keys:
                return
            if not self._was_taken:
                # The screen may be another program's by now.
                self.send_message(self.SignalResume())
                return
            self.suspend_application_mode()
            self._must_signal_resume = True
        super()._sigcont_application(*signal_and_frame)

    @property
    def _reads_keys(self) -> bool:
        return self._auto_restart and self._key_thread is not None and self._key_thread.is_alive()

    @property
    def _was_taken(self) -> bool:
        """Whether a shell took it while we were stopped: it has it back in whole lines."""
        return bool(termios.tcgetattr(self.fileno)[tty.LFLAG] & termios.ICANON)
