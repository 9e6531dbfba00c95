"""Threads: a function called for several elements at once, and elements made ahead of the consumer."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextvars import Context, copy_context
from typing import TYPE_CHECKING, Any

from .blocks import Block
from .node import Cursor, Node, Over, Start, values

if TYPE_CHECKING:
    from concurrent.futures import Future

__all__ = ["Prefetch", "ordered"]


def ordered(function: Callable[[Any], Any], items: Iterable[Any], workers: int) -> Iterator[Any]:
    """``function`` of each item, in the items' order, called by ``workers`` threads in copies of this context.

    At most ``workers`` results are made ahead. Closing the iterator cancels the calls that have not begun.
    """
    from concurrent.futures import ThreadPoolExecutor  # brings logging along, which most programs here do not need

    context = copy_context()
    pending: deque[Future[Any]] = deque()
    pool = ThreadPoolExecutor(workers, thread_name_prefix="polyflow-map")
    source = iter(items)
    failure: Exception | None = None
    try:
        while True:
            try:
                item = next(source)
            except StopIteration:
                break
            except Exception as error:  # comes after the elements before it
                failure = error
                break
            pending.append(pool.submit(context.copy().run, function, item))
            if len(pending) >= workers:
                yield pending.popleft().result()
        while pending:
            yield pending.popleft().result()
        if failure is not None:
            raise failure
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


class Prefetch(Over):
    """The same elements, made by a background thread up to ``size`` blocks ahead of the consumer."""

    def __init__(self, child: Node, size: int) -> None:
        super().__init__(child)
        self.size = size

    def open(self, start: Start) -> Cursor:
        cursor = self.child.open(start)
        if start.probe or not self.size:
            return cursor

        def begin(turn: int) -> Iterator[Block]:
            return _Ahead(lambda: values(cursor, turn), self.size, copy_context()).drain()

        return Cursor(begin)


class _Ahead:
    """Items that a thread takes from an iterator and puts into a bounded queue.

    The thread keeps this object alive, not the consumer: when the consumer's generator is closed or forgotten, `stop`
    ends the thread.
    """

    def __init__(self, make: Callable[[], Iterator[Any]], size: int, context: Context) -> None:
        self.size = size
        self.ready: deque[Any] = deque()
        self.changed = threading.Condition()
        self.stopped = self.finished = False
        self.error: BaseException | None = None
        self.thread = threading.Thread(
            target=context.run, args=(self._fill, make), name="polyflow-prefetch", daemon=True
        )

    def _fill(self, make: Callable[[], Iterator[Any]]) -> None:
        try:
            source = make()
            while (item := next(source, self)) is not self:
                with self.changed:
                    while len(self.ready) >= self.size and not self.stopped:
                        self.changed.wait()
                    if self.stopped:
                        return
                    self.ready.append(item)
                    self.changed.notify_all()
        except BaseException as error:  # whatever it is, it belongs to the consumer
            self.error = error
        finally:
            with self.changed:
                self.finished = True
                self.changed.notify_all()

    def drain(self) -> Iterator[Any]:
        self.thread.start()
        try:
            while True:
                with self.changed:
                    while not self.ready and not self.finished:
                        self.changed.wait()
                    if not self.ready:
                        break
                    item = self.ready.popleft()
                    self.changed.notify_all()
                yield item
            if self.error is not None:
                raise self.error
        finally:
            self.stop()

    def stop(self) -> None:
        with self.changed:
            self.stopped = True
            self.ready.clear()
            self.changed.notify_all()
        if self.thread is not threading.current_thread() and self.thread.is_alive():
            self.thread.join(1.0)  # a step that takes longer ends on its own
