"""What every dialog looks like."""

from __future__ import annotations

from typing import Generic, TypeVar

from textual.await_complete import AwaitComplete
from textual.screen import ModalScreen

T = TypeVar("T")


class Framed(ModalScreen[T], Generic[T]):
    """A dialog in a frame in the middle of the page, which stays visible around it."""

    DEFAULT_CSS = """
    Framed { align: center middle; }
    Framed > Vertical {
        width: 90%; max-width: 130; height: 85%; padding: 0 1;
        border: round ansi_bright_blue; background: ansi_default;
    }
    """

    def dismiss(self, result: T | None = None) -> AwaitComplete:
        """Close once: a key typed twice must not close what lies below as well."""
        return super().dismiss(result) if self.is_current else AwaitComplete()
