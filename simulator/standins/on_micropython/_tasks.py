"""The part of asyncio that MicroPython has in C: there it asks the computer's own clock.

Queues are short lists in order of time; tasks of one time keep the order in which they came.
The states of a task are asyncio/core.py's: True running, None over and not awaited, False over
and awaited, a callable or a queue of waiters for somebody who wants to know.
"""

from time import ticks_diff, ticks_ms

_core = {}  # the globals of asyncio.core, which hands them to every Task


class TaskQueue:
    def __init__(self):
        self._tasks = []

    def peek(self):
        return self._tasks[0] if self._tasks else None

    def push(self, task, key=None):
        task.data = None
        task.ph_key = ticks_ms() if key is None else key
        place = len(self._tasks)
        while place and ticks_diff(self._tasks[place - 1].ph_key, task.ph_key) > 0:
            place -= 1
        self._tasks.insert(place, task)

    def pop(self):
        return self._tasks.pop(0)

    def remove(self, task):
        self._tasks.remove(task)


class Task:
    def __init__(self, coro, globals):
        _core["globals"] = globals
        self.coro = coro
        self.data = None  # what it waits on, or what is to be thrown into it
        self.state = True
        self.ph_key = 0  # when it is to run

    def __iter__(self):
        if self.state is True:
            self.state = TaskQueue()
        elif not self.state:
            self.state = False
        elif not isinstance(self.state, TaskQueue):
            raise RuntimeError("can't wait")
        return self

    def __next__(self):
        if not self.state:
            raise self.data
        waiter = _core["globals"]["cur_task"]
        self.state.push(waiter)
        waiter.data = self

    def done(self):
        return not self.state

    def cancel(self):
        if not self.state:
            return False
        core = _core["globals"]
        task = self
        if task is core["cur_task"]:
            raise RuntimeError("can't cancel self")
        while isinstance(task.data, Task):
            task = task.data
        run_queue = core["_task_queue"]
        if hasattr(task.data, "remove"):
            task.data.remove(task)
            run_queue.push(task)
        elif ticks_diff(task.ph_key, ticks_ms()) > 0:
            run_queue.remove(task)
            run_queue.push(task)
        task.data = core["CancelledError"]
        return True
