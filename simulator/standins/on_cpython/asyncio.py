"""`asyncio` as MicroPython has it, for CPython: its names, its scheduling order, its rules.

Where it differs from CPython's own and the firmware could notice: tasks start in the order in
which they were made; cancel() of a task that waits for another cancels that one; CancelledError
is a BaseException; an error in a task that nobody awaits is printed and the loop goes on; there
is one loop, driven by the board's ticks and `select.poll`. What goes through it that is not an
Exception (a power cut) leaves the loop at once.
"""

import select
import sys
from time import ticks_add, ticks_diff
from time import ticks_ms as ticks

from _coroutines import coroutine


class CancelledError(BaseException):
    pass


class TimeoutError(Exception):
    pass


class _Queue:
    """Tasks in order of time; those of one time in the order in which they came."""

    def __init__(self):
        self._tasks = []

    def __bool__(self):
        return bool(self._tasks)

    def first(self):
        return self._tasks[0]

    def push(self, task, at=None):
        task._at = ticks() if at is None else at
        task._queue = self
        place = len(self._tasks)
        while place and ticks_diff(self._tasks[place - 1]._at, task._at) > 0:
            place -= 1
        self._tasks.insert(place, task)

    def pop(self):
        task = self._tasks.pop(0)
        task._queue = None
        return task

    def remove(self, task):
        self._tasks.remove(task)
        task._queue = None


_run_queue = _Queue()
_current = None


class Task:
    def __init__(self, coro):
        self.coro = coro
        self._at = 0
        self._queue = None  # where it waits: it has remove(task)
        self._awaits = None  # the task it waits for
        self._throw = None  # what to throw into it when it runs next
        self._done = False
        self._result = None
        self._error = None
        self._retrieved = False
        self._waiters = _Queue()
        self._callback = None

    def done(self):
        return self._done

    def cancel(self):
        if self._done:
            return False
        if self is _current:
            raise RuntimeError("can't cancel self")
        task = self
        while task._awaits is not None:
            task = task._awaits
        if task._queue is not None:
            task._queue.remove(task)
        _run_queue.push(task)
        task._throw = CancelledError()
        return True

    def __await__(self):
        if not self._done:
            if self._callback is not None:
                raise RuntimeError("can't wait")
            waiter = _current
            waiter._awaits = self
            self._waiters.push(waiter)
            try:
                yield
            finally:
                waiter._awaits = None
        self._retrieved = True
        if self._error is not None:
            raise self._error
        return self._result

    def _finish(self, result, error):
        self._done = True
        self._result = result
        self._error = error
        if self._callback is not None:
            self._retrieved = True
            self._callback(self)
        while self._waiters:
            self._retrieved = True
            _run_queue.push(self._waiters.pop())


class _Streams:
    """Tasks that wait for a stream."""

    def __init__(self):
        self._poller = select.poll()
        self._waiting = []  # (stream, event, task)

    def __bool__(self):
        return bool(self._waiting)

    def wait(self, stream, event):
        self._waiting.append((stream, event, _current))
        _current._queue = self
        self._register(stream)

    def remove(self, task):
        for row in [row for row in self._waiting if row[2] is task]:
            self._drop(row)

    def _drop(self, row):
        self._waiting.remove(row)
        row[2]._queue = None
        self._register(row[0])

    def _register(self, stream):
        mask = 0
        for other, event, _ in self._waiting:
            if other is stream:
                mask |= event
        if mask:
            self._poller.register(stream, mask)
        else:
            self._poller.unregister(stream)

    def poll(self, timeout_ms):
        for stream, events in self._poller.ipoll(timeout_ms):
            for row in [row for row in self._waiting if row[0] is stream]:
                if events & (row[1] | select.POLLERR):
                    self._drop(row)
                    _run_queue.push(row[2])


_streams = _Streams()


@coroutine
def sleep_ms(ms):
    _run_queue.push(_current, ticks_add(ticks(), max(0, ms)))
    yield


def sleep(seconds):
    return sleep_ms(int(seconds * 1000))


def create_task(coro):
    if not hasattr(coro, "send"):
        raise TypeError("coroutine expected")
    task = Task(coro)
    _run_queue.push(task)
    return task


def _task_of(awaitable):
    return awaitable if isinstance(awaitable, Task) else create_task(awaitable)


def current_task():
    if _current is None:
        raise RuntimeError("no running event loop")
    return _current


def _step(task):
    global _current
    _current = task
    thrown, task._throw = task._throw, None
    try:
        if thrown is None:
            task.coro.send(None)
        else:
            task.coro.throw(thrown)
    except StopIteration as stop:
        task._finish(stop.value, None)
    except (CancelledError, Exception) as error:
        task._finish(None, error)
    finally:
        _current = None


def run(coro):
    """Run until the coroutine (or task) is over; its result or exception."""
    main = _task_of(coro)
    failed = []
    while not main._done:
        for task in failed:
            if not task._retrieved:
                Loop.call_exception_handler(
                    {
                        "message": "Task exception wasn't retrieved",
                        "exception": task._error,
                        "future": task,
                    }
                )
        failed.clear()
        while True:
            wait_ms = -1
            if _run_queue:
                wait_ms = max(0, ticks_diff(_run_queue.first()._at, ticks()))
            _streams.poll(wait_ms)
            if _run_queue and ticks_diff(_run_queue.first()._at, ticks()) <= 0:
                break
        task = _run_queue.pop()
        _step(task)
        if task._error is not None and not isinstance(task._error, CancelledError):
            failed.append(task)
    if main._error is not None:
        raise main._error
    return main._result


run_until_complete = run


class Event:
    def __init__(self):
        self._set = False
        self._waiters = _Queue()

    def is_set(self):
        return self._set

    def set(self):
        while self._waiters:
            _run_queue.push(self._waiters.pop())
        self._set = True

    def clear(self):
        self._set = False

    @coroutine
    def wait(self):
        if not self._set:
            self._waiters.push(_current)
            yield
        return True


class ThreadSafeFlag:
    """A stream that `poll` asks; one waiter, and it clears itself."""

    def __init__(self):
        self._state = 0

    def ioctl(self, request, flags):
        return self._state * flags if request == 3 else -1

    def set(self):
        self._state = 1

    def clear(self):
        self._state = 0

    @coroutine
    def wait(self):
        if not self._state:
            _streams.wait(self, select.POLLIN)
            yield
        self._state = 0


class Lock:
    def __init__(self):
        self._held = False
        self._next = None  # the task that is to have it
        self._waiters = _Queue()

    def locked(self):
        return self._held

    def release(self):
        if not self._held:
            raise RuntimeError("Lock not acquired")
        self._held = False
        if self._waiters:
            self._next = self._waiters.pop()
            _run_queue.push(self._next)

    @coroutine
    def acquire(self):
        if self._held or self._next is not None:
            me = _current
            self._waiters.push(me)
            try:
                yield
            except CancelledError:
                if self._next is me:
                    self._next = None
                    self._held = True
                    self.release()
                raise
            self._next = None
        self._held = True
        return True

    async def __aenter__(self):
        return await self.acquire()

    async def __aexit__(self, *exc):
        self.release()


async def wait_for_ms(awaitable, timeout_ms):
    """The awaitable's result; TimeoutError, with it cancelled, after `timeout_ms`."""
    task = _task_of(awaitable)
    if timeout_ms is None:
        return await task
    over = Event()
    if not task._done:
        if task._callback is not None:
            raise RuntimeError("can't wait")
        task._callback = lambda _: over.set()
        timer = create_task(_set_after(over, timeout_ms))
        try:
            await over.wait()
        except CancelledError:
            task._callback = None
            task.cancel()
            raise
        finally:
            timer.cancel()
        if not task._done:
            over.clear()
            task.cancel()
            await over.wait()
            raise TimeoutError
        task._callback = None
    return await task


async def _set_after(event, ms):
    await sleep_ms(ms)
    event.set()


def wait_for(awaitable, timeout):
    return wait_for_ms(awaitable, None if timeout is None else int(timeout * 1000))


async def gather(*awaitables, return_exceptions=False):
    """The results in order; the first exception ends the waiting, the others go on."""
    tasks = [_task_of(one) for one in awaitables]
    if not tasks:
        return []
    news = Event()

    def finished(task):
        if task._error is not None and not return_exceptions:
            failures.append(task._error)
        if failures or all(one._done for one in tasks):
            news.set()

    failures = []
    for task in tasks:
        if task._done or task._callback is not None:
            raise RuntimeError("can't gather")
        task._callback = finished
    try:
        await news.wait()
    except CancelledError:
        for task in tasks:
            task._callback = None
            task.cancel()
        raise
    for task in tasks:
        task._callback = None
    if failures:
        raise failures[0]
    return [task._result if task._error is None else task._error for task in tasks]


class Stream:
    def __init__(self, s, e=None):
        self.s = s
        self.e = e or {}
        self.out_buf = b""

    def get_extra_info(self, name):
        return self.e[name]

    def close(self):
        """Nothing is kept open."""

    @coroutine
    def _readable(self):
        _streams.wait(self.s, select.POLLIN)
        yield

    async def read(self, n=-1):
        out = b""
        while True:
            await self._readable()
            data = self.s.read(n)
            if data is None:
                continue
            if n >= 0:
                return data
            if not data:
                return out
            out += data

    async def readinto(self, buf):
        await self._readable()
        return self.s.readinto(buf)

    async def readexactly(self, n):
        out = b""
        while len(out) < n:
            await self._readable()
            data = self.s.read(n - len(out))
            if data is None:
                continue
            if not data:
                raise EOFError
            out += data
        return out

    async def readline(self):
        line = b""
        while True:
            await self._readable()
            data = self.s.readline()
            if data is None:
                continue
            line += data
            if not data or line[-1] == 10:
                return line

    def write(self, buf):
        if not self.out_buf:
            count = self.s.write(buf)
            if count == len(buf):
                return
            buf = buf[count or 0 :]
        self.out_buf += buf

    async def drain(self):
        if not self.out_buf:
            return await sleep_ms(0)
        while self.out_buf:
            await self._writable()
            self.out_buf = self.out_buf[self.s.write(self.out_buf) or 0 :]

    @coroutine
    def _writable(self):
        _streams.wait(self.s, select.POLLOUT)
        yield


StreamReader = Stream
StreamWriter = Stream


class Loop:
    """The one loop; its methods are called on the class."""

    _handler = None

    create_task = staticmethod(create_task)
    run_until_complete = staticmethod(run)

    @staticmethod
    def set_exception_handler(handler):
        Loop._handler = handler

    @staticmethod
    def default_exception_handler(loop, context):
        print(context["message"])
        sys.print_exception(context["exception"])

    @staticmethod
    def call_exception_handler(context):
        (Loop._handler or Loop.default_exception_handler)(Loop, context)


def get_event_loop():
    return Loop


def new_event_loop():
    """Forget all tasks, as a program that starts anew does."""
    global _run_queue, _streams
    _run_queue = _Queue()
    _streams = _Streams()
    return Loop
