"""The waker for Windows, on every system: with events of this process in place of the kernel's."""
import itertools
import threading
import time
import unittest

from tftpserver._waiting_windows import Waker

TIMED_OUT = 258
LONG = 60_000  # milliseconds; no test waits that long


class FakeKernel:
    """Manual-reset events. `script` has an exception for each wait that fails, in order."""

    def __init__(self):
        self.changed = threading.Condition()
        self.numbers = itertools.count(100)
        self.states = {}  # by handle; copies share the list
        self.script = []
        self.waits = []

    def create_event(self):
        handle = next(self.numbers)
        self.states[handle] = [False]
        return handle

    def copy(self, handle):
        if handle not in self.states:
            raise OSError(6, "The handle is invalid")
        copied = next(self.numbers)
        self.states[copied] = self.states[handle]
        return copied

    def set(self, handle, is_signalled):
        with self.changed:
            self.states[handle][0] = is_signalled
            self.changed.notify_all()

    def signal(self, handle):
        self.set(handle, True)

    def reset(self, handle):
        self.set(handle, False)

    def close(self, handle):
        del self.states[handle]

    def wait(self, handles, millis):
        self.waits.append(millis)
        if millis and self.script:
            raise self.script.pop(0)
        states = [self.states[handle] for handle in handles]
        with self.changed:
            self.changed.wait_for(lambda: any(state[0] for state in states), millis / 1000)
            return next((index for index, state in enumerate(states) if state[0]), TIMED_OUT)


class OnEvents(unittest.TestCase):
    def setUp(self):
        self.kernel = FakeKernel()
        self.event = self.kernel.create_event()
        self.waker = Waker(self.kernel)

    def later(self, function, *arguments):
        timer = threading.Timer(0.05, function, arguments)
        timer.start()
        self.addCleanup(timer.join)

    def test_an_event_ends_the_wait_and_is_left_alone(self):
        self.later(self.kernel.signal, self.event)
        self.assertTrue(self.waker.wait(self.event, LONG))
        self.assertTrue(self.waker.wait(self.event, 0))
        self.kernel.reset(self.event)
        self.assertFalse(self.waker.wait(self.event, 0))

    def test_the_waker_ends_one_wait_the_last_one_all(self):
        self.later(self.waker.wake)
        self.assertFalse(self.waker.wait(self.event, LONG))
        self.assertFalse(self.waker.wait(self.event, 1))
        self.assertEqual(self.kernel.wait([self.waker._event], 0), TIMED_OUT, "one call ends one wait")
        self.waker.wake(for_good=True)
        for _ in range(3):
            self.assertFalse(self.waker.wait(self.event, LONG))

    def test_a_wake_up_beside_an_event_is_used_up(self):
        self.waker.wake()
        self.kernel.signal(self.event)
        self.assertTrue(self.waker.wait(self.event, LONG))
        self.assertEqual(self.kernel.wait([self.waker._event], 0), TIMED_OUT)

    def test_a_final_wake_up_during_a_reset_is_not_lost(self):
        reset = self.kernel.reset

        def reset_late(handle):
            self.waker.wake(for_good=True)
            reset(handle)

        self.kernel.reset = reset_late
        self.waker.wake()
        self.waker.wait(self.event, LONG)
        self.assertFalse(self.waker.wait(self.event, LONG))

    def test_a_signal_whose_handler_returns_does_not_end_the_wait(self):
        self.kernel.script = [InterruptedError()]
        self.later(self.kernel.signal, self.event)
        self.assertTrue(self.waker.wait(self.event, LONG))
        self.assertLessEqual(self.kernel.waits[1], LONG)
        self.kernel.reset(self.event)
        self.kernel.script, begin = [InterruptedError()] * 3, time.monotonic()
        self.assertFalse(self.waker.wait(self.event, 50))
        self.assertGreaterEqual(time.monotonic() - begin, 0.045)

    def test_it_waits_for_a_copy_which_outlives_the_server(self):
        self.assertFalse(self.waker.wait(self.event, 0))
        self.kernel.close(self.event)
        self.assertFalse(self.waker.wait(self.event, 1))
        closed = self.kernel.create_event()
        self.kernel.close(closed)
        self.assertTrue(self.waker.wait(closed, LONG), "the call that follows returns the error")

    def test_every_handle_is_closed(self):
        self.waker.wait(self.event, 0)
        self.waker.wait(self.event, 0)
        self.assertEqual(len(self.kernel.states), 3)
        self.waker = None
        self.assertEqual(list(self.kernel.states), [self.event])


if __name__ == "__main__":
    unittest.main()
