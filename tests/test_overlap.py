import threading
import time

import pytest

from rdm_pipeline.overlap import ahead, behind


def test_items_keep_their_order_and_none_is_lost():
    for depth in (1, 3, 50):
        assert list(ahead(iter(range(20)), depth)) == list(range(20))


def test_no_more_items_than_the_depth_are_made_ahead():
    made = []

    def source():
        for item in range(20):
            made.append(item)
            yield item

    for item in ahead(source(), 3):
        time.sleep(0.01)
        assert len(made) <= item + 1 + 3


def test_the_next_item_is_made_while_this_one_is_worked_on():
    started = threading.Event()

    def source():
        yield 0
        started.set()
        yield 1

    items = ahead(source(), 2)
    next(items)
    assert started.wait(5)


def test_an_error_of_the_source_arrives_at_its_item():
    def source():
        yield 0
        raise ZeroDivisionError

    items = ahead(source(), 2)
    assert next(items) == 0
    with pytest.raises(ZeroDivisionError):
        next(items)


def test_calls_left_behind_are_all_done_in_order_at_the_end():
    done = []
    with behind(lambda a, b: done.append((a, b)), 2) as leave:
        for item in range(20):
            leave(item, -item)
    assert done == [(item, -item) for item in range(20)]


def test_no_more_calls_than_the_depth_wait():
    gate, left = threading.Event(), []

    def leave_all() -> None:
        with behind(lambda: gate.wait(5), 2) as leave:
            for item in range(5):
                leave()
                left.append(item)

    thread = threading.Thread(target=leave_all)
    thread.start()
    time.sleep(0.2)
    assert left == [0, 1]
    gate.set()
    thread.join()
    assert left == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("calls", [1, 10])
def test_an_error_of_a_call_is_raised(calls):
    def fail() -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError), behind(fail, 2) as leave:
        for _ in range(calls):
            leave()
