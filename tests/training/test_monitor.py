"""What a running training tells."""

import json

from rdm_pipeline.training.monitor import LINES, Monitor

ENTRY = {"batch": 32, "scores": {"a": 0.5}, "learning_rate": 0.1, "gradient_norm": None}


def told(folder):
    return [json.loads(line) for line in (folder / LINES).read_text().splitlines()]


def tell(folder, first, last):
    monitor = Monitor(folder, first)
    for step in range(first, last):
        monitor.tell({"step": step, **ENTRY}, device_hours=step / 4)
    monitor.close()


def test_a_resumed_run_drops_what_its_checkpoint_does_not_hold(tmp_path):
    tell(tmp_path, 0, 5)
    with (tmp_path / LINES).open("a") as file:
        file.write('{"step": 5, "bat')
    tell(tmp_path, 3, 6)
    assert [line["step"] for line in told(tmp_path)] == [0, 1, 2, 3, 4, 5]
    assert told(tmp_path)[5]["device_hours"] == 1.25


def test_a_run_from_the_start_drops_what_an_earlier_one_told(tmp_path):
    tell(tmp_path, 0, 3)
    tell(tmp_path, 0, 1)
    assert len(told(tmp_path)) == 1


def test_tensorboard_gets_every_number(tmp_path):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    tell(tmp_path, 0, 2)
    board = EventAccumulator(str(tmp_path))
    board.Reload()
    assert {"scores/a", "learning_rate", "images_per_second"} <= set(board.Tags()["scalars"])
    assert [event.step for event in board.Scalars("scores/a")] == [0, 1]
