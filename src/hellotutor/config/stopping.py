"""Whether this process has been told to stop: what would go on for long looks here, and ends."""

from __future__ import annotations

import asyncio
import threading
from time import monotonic

_LOOK_S = 0.2

stopping = threading.Event()  # set from whichever thread hears of the stop


async def pause(seconds: float) -> bool:
    """Wait, but no longer than 0.2 s once the process is told to stop; return whether to go on."""
    end = monotonic() + seconds
    while not stopping.is_set() and (left := end - monotonic()) > 0:
        await asyncio.sleep(min(left, _LOOK_S))
    return not stopping.is_set()
