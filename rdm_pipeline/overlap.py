"""Reading ahead of a computation and writing behind it, each in one thread of its own."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, TypeVar

Item = TypeVar("Item")


def ahead(items: Iterable[Item], depth: int) -> Iterator[Item]:
    """Yield the items in order while a thread makes up to `depth` more of them."""
    source, end = iter(items), object()
    with ThreadPoolExecutor(1) as thread:
        coming = deque(thread.submit(next, source, end) for _ in range(depth))
        while (item := coming.popleft().result()) is not end:
            coming.append(thread.submit(next, source, end))
            yield item  # type: ignore[misc]


@contextmanager
def behind(action: Callable[..., None], depth: int) -> Iterator[Callable[..., None]]:
    """Yield a function that leaves calls of `action` to a thread and waits beyond `depth` of them.

    The calls keep their order. An error in one of them is raised here, and no later one counts.
    """
    waiting: deque[Future[None]] = deque()

    def leave(*arguments: Any) -> None:
        if len(waiting) == depth:
            waiting.popleft().result()
        waiting.append(thread.submit(action, *arguments))

    with ThreadPoolExecutor(1) as thread:
        yield leave
        for call in waiting:
            call.result()
