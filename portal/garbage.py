"""Python's collector of cyclic garbage, told how the portal's processes use memory. `portal` imports it first.

A start makes several hundred thousand objects that stay for good: modules, models, AWS's descriptions of its services.
With Python's own thresholds the collector walks them again and again while they come: between a tenth and a fifth of
what a worker's start took, and a third of the simulated AWS's. What a request makes afterwards is mostly freed by
counting references. (https://docs.python.org/3/library/gc.html: `gc.set_threshold`, `gc.freeze`.)
"""

from __future__ import annotations

import gc

gc.set_threshold(50_000, 20, 20)


def keep_what_is_there() -> None:
    """Never look again at the objects that exist now. Call it once all is imported, and before a process forks.

    Looking at an object writes to its page of memory, which parent and children would then no longer share.
    """
    gc.freeze()
