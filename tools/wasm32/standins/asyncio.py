"""`asyncio` as MicroPython has it in its image, as far as the firmware uses it.

Tasks and their queue are MicroPython's own, in C, as on the chip; what these expect of this module
is `cur_task`, `_task_queue` and `CancelledError` (extmod/modasyncio.c).
"""

import select
import sys
from _asyncio import Task, TaskQueue
from time import ticks_add, ticks_diff, ticks_ms


class CancelledError(BaseException):
    pass


class TimeoutError(Exception):
    pass


cur_task = None
_task_queue = TaskQueue()


class _Once:
    """Gives way once; made once, so that a pause takes nothing from the heap."""

    def __init__(self):
        self.due = None
        self.over = StopIteration()

    def __iter__(self):
        return self

    def __next__(self):
        if self.due is None:
            self.over.__traceback__ = None  # it would grow with each use
            raise self.over
        _task_queue.push(cur_task, self.due)
        self.due = None


_once = _Once()


def sleep_ms(ms):
    _once.due = ticks_add(ticks_ms(), max(0, ms))
    return _once


def sleep(seconds):
    return sleep_ms(int(seconds * 1000))


class _Streams:
    """Who waits for which stream: [reader, writer, stream] by the stream's id."""

    def __init__(self):
        self.poller = select.poll()
        self.waiting = {}

    def wait(self, stream, place):
        row = self.waiting.get(id(stream))
        if row is None:
            row = [None, None, stream]
            self.waiting[id(stream)] = row
        row[place] = cur_task
        self._register(row)
        cur_task.data = self

    def _register(self, row):
        events = (select.POLLIN if row[0] else 0) | (select.POLLOUT if row[1] else 0)
        if events:
            self.poller.register(row[2], events)
        else:
            del self.waiting[id(row[2])]
            self.poller.unregister(row[2])

    def remove(self, task):
        for row in list(self.waiting.values()):
            for place in (0, 1):
                if row[place] is task:
                    row[place] = None
                    self._register(row)

    def poll(self, ms):
        for stream, events in self.poller.ipoll(ms):
            row = self.waiting[id(stream)]
            if row[0] and events & ~select.POLLOUT:
                _task_queue.push(row[0])
                row[0] = None
            if row[1] and events & ~select.POLLIN:
                _task_queue.push(row[1])
                row[1] = None
            self._register(row)


_streams = _Streams()


def create_task(coro):
    if not hasattr(coro, "send"):
        raise TypeError("coroutine expected")
    task = Task(coro, globals())
    _task_queue.push(task)
    return task


def _task_of(awaitable):
    return awaitable if isinstance(awaitable, Task) else create_task(awaitable)


def current_task():
    return cur_task


def run(coro):
    global cur_task
    main = _task_of(coro)
    while True:
        ms = 1
        while ms > 0:
            ms = -1
            first = _task_queue.peek()
            if first:
                ms = max(0, ticks_diff(first.ph_key, ticks_ms()))
            _streams.poll(ms)
        task = cur_task = _task_queue.pop()
        try:
            thrown = task.data
            if not thrown:
                task.coro.send(None)
            else:
                task.data = None
                task.coro.throw(thrown)
        except (CancelledError, Exception) as error:
            if task is main:
                cur_task = None
                if isinstance(error, StopIteration):
                    return error.value
                raise error
            _over(task, error)


def _over(task, error):
    waited_for = False
    if task.state is True:
        task.state = None
    elif callable(task.state):
        task.state(task, error)
        task.state = False
        waited_for = True
    else:
        while task.state.peek():
            _task_queue.push(task.state.pop())
            waited_for = True
        task.state = False
    task.data = error
    if not waited_for and not isinstance(error, (StopIteration, CancelledError)):
        print("Task exception wasn't retrieved")
        sys.print_exception(error)


class Event:
    def __init__(self):
        self.state = False
        self.waiting = TaskQueue()

    def is_set(self):
        return self.state

    def set(self):
        while self.waiting.peek():
            _task_queue.push(self.waiting.pop())
        self.state = True

    def clear(self):
        self.state = False

    # a generator: awaited all the same
    def wait(self):
        if not self.state:
            self.waiting.push(cur_task)
            cur_task.data = self.waiting
            yield
        return True


class ThreadSafeFlag:
    def __init__(self):
        self.state = 0

    def ioctl(self, request, flags):
        return self.state * flags if request == 3 else -1

    def set(self):
        self.state = 1

    def clear(self):
        self.state = 0

    def wait(self):
        if not self.state:
            yield _streams.wait(self, 0)
        self.state = 0


async def _run_for(waiter, awaitable):
    try:
        result = await awaitable
        status = True
    except BaseException as error:
        result = None
        status = error
    if waiter.data is None:  # nobody has cancelled it in the meantime
        waiter.cancel()
        waiter.data = _Done(status, result)


class _Done(CancelledError):
    pass


async def wait_for(awaitable, timeout, pause=sleep):
    awaitable = _task_of(awaitable)
    if timeout is None:
        return await awaitable
    runner = create_task(_run_for(cur_task, awaitable))
    try:
        await pause(timeout)
    except CancelledError as error:
        done = error if isinstance(error, _Done) else None
        if done is None:
            runner.cancel()
            await awaitable
            raise
        status, result = done.args
        if status is True:
            return result
        raise status
    runner.cancel()
    await runner
    raise TimeoutError


def wait_for_ms(awaitable, timeout_ms):
    return wait_for(awaitable, timeout_ms, sleep_ms)


async def gather(*awaitables, return_exceptions=False):
    tasks = [_task_of(one) for one in awaitables]
    for place in range(len(tasks)):
        tasks[place] = await tasks[place]
    return tasks


class Stream:
    def __init__(self, s, e={}):  # noqa: B006 - as in MicroPython, one for all
        self.s = s
        self.e = e
        self.out_buf = b""

    def get_extra_info(self, name):
        return self.e[name]

    def read(self, n=-1):
        out = b""
        while True:
            yield _streams.wait(self.s, 0)
            data = self.s.read(n)
            if data is not None:
                if n >= 0:
                    return data
                if not data:
                    return out
                out += data

    def readinto(self, buf):
        yield _streams.wait(self.s, 0)
        return self.s.readinto(buf)

    def readline(self):
        line = b""
        while True:
            yield _streams.wait(self.s, 0)
            data = self.s.readline()
            if data is not None:
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

    def drain(self):
        if not self.out_buf:
            return (yield from sleep_ms(0))
        view = memoryview(self.out_buf)
        done = 0
        while done < len(view):
            yield _streams.wait(self.s, 1)
            done += self.s.write(view[done:]) or 0
        self.out_buf = b""


StreamReader = Stream
StreamWriter = Stream
