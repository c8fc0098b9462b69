"""Small movements of a picture: classic augmentation that hardly ever changes what it shows. No flips: 2 is not 5."""

import torch
import torch.nn.functional as F

TURN = 10.0  # degrees, at most, to either side
REACH = 0.125  # of the side, at most, in each direction


def move(x: torch.Tensor, draws: torch.Tensor) -> torch.Tensor:
    """Turn and shift each of `x`, (n, c, s, s), by its row of `draws`, (n, 3) in [-1, 1]: angle, down, right.

    By `TURN` degrees and `REACH` of the side times the draw, the shift in whole pixels; bilinear, and whatever comes in from
    outside repeats the edge.
    """
    size = x.shape[-1]
    angle = torch.deg2rad(TURN * draws[:, 0])
    shift = (REACH * size * draws[:, 1:]).round() * 2 / size  # in units of half a side, as the grid has it
    cosine, sine = torch.cos(angle), torch.sin(angle)
    rows = [
        torch.stack([cosine, -sine, -cosine * shift[:, 1] + sine * shift[:, 0]], 1),
        torch.stack([sine, cosine, -sine * shift[:, 1] - cosine * shift[:, 0]], 1),
    ]
    grid = F.affine_grid(torch.stack(rows, 1), list(x.shape), align_corners=False)
    return F.grid_sample(x, grid, padding_mode="border", align_corners=False)
