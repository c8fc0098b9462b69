"""The image codec: exact, on the grid, with a hard background."""

import numpy as np
import pytest
import torch

from gan.modalities.images import ImageCodec


@pytest.fixture
def photographs() -> np.ndarray:
    return np.random.default_rng(1).integers(0, 256, (5, 6, 6, 3), dtype=np.uint8)


def test_round_trip_is_exact(images: np.ndarray, photographs: np.ndarray) -> None:
    """Encoding and decoding gives the very same bytes, for few levels and for many, gray and RGB."""
    for samples in (images, photographs):
        codec = ImageCodec.fit(samples)
        encoded = codec.encode(samples)
        assert encoded.dtype == torch.float32 and encoded.min() >= -1 and encoded.max() <= 1
        assert np.array_equal(codec.decode(encoded), samples)
        assert torch.equal(codec.settle(encoded, encoded), encoded)


def test_output_lies_on_the_observed_levels(images: np.ndarray) -> None:
    """Whatever a network returns, each value of an output occurs in the training data, and is the nearest that does."""
    codec = ImageCodec.fit(images)
    anything = 3 * torch.randn(50, 1, 8, 8, generator=torch.Generator().manual_seed(0))
    output = codec.decode(anything)
    seen = np.unique(images)
    assert set(np.unique(output)) <= set(seen)
    wanted = (anything.numpy().transpose(0, 2, 3, 1) + 1) * 127.5
    assert np.abs(wanted - output) == pytest.approx(np.abs(wanted[..., None] - seen).min(-1), abs=1e-3)


def test_many_levels_are_whole_numbers(photographs: np.ndarray) -> None:
    """Data with more than 64 values is rounded to any of 0..255."""
    assert ImageCodec.fit(photographs).levels == tuple(range(256))


def test_background_holds_where_the_start_is_background(images: np.ndarray) -> None:
    """Where both parents are empty the output is empty, however far the network has moved it."""
    codec = ImageCodec.fit(images)
    start = codec.encode(images[:5])
    moved = start + 0.7
    empty = images[:5] == 0
    assert codec.background == 0
    assert (codec.decode(moved, start)[empty] == 0).all()
    assert (codec.decode(moved, start)[~empty] > 0).all()
    assert np.array_equal(codec.decode(codec.settle(moved, start)), codec.decode(moved, start))


def test_photographs_have_no_background(photographs: np.ndarray) -> None:
    """No value is held in data where none is common."""
    codec = ImageCodec.fit(photographs)
    start = codec.encode(photographs)
    assert codec.background is None
    assert np.array_equal(codec.decode(start, start), codec.decode(start))


def test_white_can_be_the_background(images: np.ndarray) -> None:
    """The brightest value is a background just as well as the darkest."""
    assert ImageCodec.fit(255 - images).background == 255


def test_gradient_passes_the_rounding_but_not_the_background(images: np.ndarray) -> None:
    """The generator learns through the rounding, and learns nothing from pixels that are held."""
    codec = ImageCodec.fit(images)
    start = codec.encode(images[:2])
    x = (start + 0.1).requires_grad_()
    codec.settle(x, start).sum().backward()
    assert x.grad is not None
    assert torch.equal(x.grad, (start != -1).float())


def test_survives_as_plain_values(images: np.ndarray) -> None:
    """`from_dict(to_dict())` is the codec itself."""
    codec = ImageCodec.fit(images)
    assert ImageCodec.from_dict(codec.to_dict()) == codec


@pytest.mark.parametrize("wrong", [np.zeros((2, 4, 4)), np.zeros((0, 4, 4, 1), np.uint8), np.zeros((2, 4, 4, 1))])
def test_refuses_what_is_no_image(wrong: np.ndarray) -> None:
    """Another shape or type is named in the error."""
    with pytest.raises(ValueError, match="expected"):
        ImageCodec.fit(wrong)
