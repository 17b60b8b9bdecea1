from __future__ import annotations

import pytest

from wizardcoder.errors import UsageError
from wizardcoder.train.devices import find_device, known_devices, named_within


def test_every_device_has_a_peak_and_a_source() -> None:
    assert all(device.tflops > 0 and device.source for device in known_devices())


def test_every_device_is_found_by_its_own_name() -> None:
    for device in known_devices():
        assert find_device(device.name.lower()) == device
        assert named_within(f"NVIDIA {device.name} 1GB") == device


@pytest.mark.parametrize(
    ("said", "memory_gb"),
    [("NVIDIA A100-SXM4-40GB", 40), ("NVIDIA A100-SXM4-80GB", 80), ("NVIDIA A10", 24)],
)
def test_sizes_of_one_device_are_told_apart(said: str, memory_gb: int) -> None:
    found = named_within(said)
    assert found is not None and found.memory_gb == memory_gb


def test_an_unknown_device_is_refused_with_those_that_are_known() -> None:
    with pytest.raises(UsageError, match=r"'H9000' is not known; known: GH200, H200"):
        find_device("H9000")
    assert named_within("Unheard of") is None
