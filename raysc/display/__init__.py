"""Display of a running sweep: its state, the protocol of displays, and displays for terminals, logs and notebooks."""

from raysc.display.console import ConsoleDisplay, open_console, print_lines
from raysc.display.encoding_fallback import replace_unknown_signs
from raysc.display.notebook import NotebookDisplay, open_display
from raysc.display.state import CellProgress, Display, SweepProgress

__all__ = [
    "CellProgress",
    "ConsoleDisplay",
    "Display",
    "NotebookDisplay",
    "SweepProgress",
    "open_console",
    "open_display",
    "print_lines",
    "replace_unknown_signs",
]
