"""A GAN on disk: one safetensors file, with its description as JSON in the metadata. Nothing in it is executed."""

import json
import os
from dataclasses import asdict
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save as to_bytes

from gan import modalities
from gan.errors import CheckpointError, one_line
from gan.health import Health
from gan.model import GAN
from gan.networks import FAMILIES, Sizes
from gan.starts import Policy

KEY = "tailweight"  # the one entry of the metadata: safetensors writes several in any order
FORMAT = 1
RENAMED = {"donors": "lenders"}  # in checkpoints of before; a frozen base may be one


def save(gan: GAN, path: Path | str) -> None:
    """Write `gan` to `path` at once, so that no half file is ever left: the same GAN gives the same bytes."""
    path = Path(path)
    described = {
        "format": FORMAT,
        "network": gan.network,
        "sizes": {name: size for name, size in asdict(gan.sizes).items() if name != "steps" or size},
        "codec": modalities.to_dict(gan.codec),
        "policy": gan.policy._asdict(),
        "total_steps": gan.total_steps,
        "class_index": gan.class_index,
        "history": gan.history,
        "health": gan.health.to_dict(),
    }
    tensors = {
        f"{part}.{name}": tensor.contiguous()
        for part, module in (("generator", gan.generator), ("discriminator", gan.discriminator))
        for name, tensor in module.state_dict().items()
    }
    partial = path.with_name(path.name + ".partial")
    partial.write_bytes(to_bytes(tensors, metadata={KEY: json.dumps(described, sort_keys=True)}))
    os.replace(partial, path)


def load(path: Path | str) -> GAN:
    """Read what `save` wrote, onto the CPU.

    Raises FileNotFoundError when there is no such file, CheckpointError when it is damaged or not a checkpoint.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"{path}: no such checkpoint; train the model first")
    try:
        return _read(path)
    except (SafetensorError, KeyError, TypeError, ValueError, RuntimeError, OSError) as error:
        raise CheckpointError(
            f"{path}: not a readable checkpoint ({one_line(error, 200)}); delete it and train again"
        ) from error


def _read(path: Path) -> GAN:
    with safe_open(path, framework="pt") as file:
        described = json.loads((file.metadata() or {})[KEY])
        if described["format"] != FORMAT:
            raise ValueError(f"format {described['format']}, expected {FORMAT}")
        # cloned, because a product rounds otherwise where its numbers do not start at a multiple of 64 bytes
        tensors = {name: file.get_tensor(name).clone() for name in file.keys()}  # noqa: SIM118  (a file, not a dict)
    sizes = Sizes(**described["sizes"])
    family = FAMILIES[described["network"]]
    modules = []
    for part, network in (("generator", family.generator), ("discriminator", family.discriminator)):
        with torch.device("meta"):
            module = network(sizes)
        weights = {name.removeprefix(part + "."): tensor for name, tensor in tensors.items() if name.startswith(part)}
        module.load_state_dict(weights, assign=True)
        modules.append(module.requires_grad_(False).eval())
    return GAN(
        network=described["network"],
        sizes=sizes,
        generator=modules[0],
        discriminator=modules[1],
        codec=modalities.from_dict(described["codec"]),
        policy=Policy(**{RENAMED.get(name, name): value for name, value in described["policy"].items()}),
        total_steps=described["total_steps"],
        class_index=described["class_index"],
        history=described["history"],
        health=Health.from_dict(described["health"]),
    )
