"""Where a verb computes."""

import os

import torch


def compute_device() -> torch.device:
    """Return this rank's GPU, or the CPU of a machine without one."""
    if not torch.cuda.is_available():
        return torch.device("cpu")
    return torch.device("cuda", int(os.environ.get("LOCAL_RANK", "0")))


def device_name() -> str:
    """Return what people call the device of `compute_device`."""
    device = compute_device()
    return "CPU" if device.type == "cpu" else torch.cuda.get_device_name(device)
