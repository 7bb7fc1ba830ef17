"""EDM at the size of CIFAR-10: training and sampling by raysc, and the same network in a plain PyTorch loop."""

import copy
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from benchmarks.gpu_rows.measuring import Contender, Demand, Goal, Row, Work, default_device, timed
from raysc.metrics.core.metric import Vectors
from raysc.metrics.distances.frechet_distance import frechet_distance
from raysc.models.diffusion.edm import Edm
from raysc.models.diffusion.heun import heun
from raysc.models.diffusion.preconditioning import karras_sigmas
from raysc.models.networks.build import build_network, with_weights
from raysc.models.neural.augmentation_embedding import sampling_network, with_augmentation_embedding
from raysc.models.neural.gpu import free_memory, without_tf32
from raysc.models.neural.state import State
from raysc.models.training import augmentation
from raysc.models.training.batches import Batch
from raysc.pool.blocks import MemoryBlock
from raysc.pool.rows import Rows
from raysc.pool.training_set import TrainingSet
from raysc.regimes.recipe import REAL
from raysc.rng import Streams
from raysc.settings import Ema, Sample, Train

STREAMS = Streams((0,), 0)
HEUN_STEPS = 18
NVLABS = "NVlabs/edm: needs its repository, which is no package; the plain loops train and sample the same network"
POOLED_SIDE = 4
"""Side of the images of which the check computes Fréchet distances."""


@dataclass(frozen=True)
class Sizes:
    """Sizes of a measurement.

    Attributes:
        family: the family, with the sizes of its network.
        side: height and width of the images.
        images: training images.
        batch: images of an optimiser step.
        steps: optimiser steps of a fit by raysc.
        plain_steps: optimiser steps of a plain loop.
        sampled: images that raysc samples.
        block: images that the plain loop samples.
        heun_steps: steps of the sampler.
    """

    family: Edm
    side: int
    images: int
    batch: int
    steps: int
    plain_steps: int
    sampled: int
    block: int
    heun_steps: int

    @property
    def event(self) -> tuple[int, int, int]:
        """Shape of an image."""
        return (3, self.side, self.side)


SIZES = Sizes(
    family=Edm(network="ddpmpp", channels=128, multipliers=(2, 2, 2), res_blocks=4, attention=(16,)),
    side=32,
    images=4096,
    batch=256,
    steps=100,
    plain_steps=20,
    sampled=1024,
    block=256,
    heun_steps=HEUN_STEPS,
)
SMALL_SIZES = Sizes(
    family=Edm(network="ddpmpp", channels=8, multipliers=(1,), res_blocks=1, attention=()),
    side=8,
    images=16,
    batch=4,
    steps=3,
    plain_steps=3,
    sampled=64,
    block=16,
    heun_steps=2,
)


def train_settings(sizes: Sizes) -> Train:
    """Return the settings of sweeps/bertrand2023/cifar10_edm.yaml, in bf16."""
    return Train(
        batch=sizes.batch,
        lr=1e-3,
        dropout=0.13,
        augmentation=0.12,
        ema=Ema(half_life_rows=500_000),
        precision="bf16",
    )


def made_up_images(sizes: Sizes) -> np.ndarray:
    """Return images of single-coloured squares, uint8 (images, 3, side, side)."""
    coarse = np.random.default_rng(0).integers(0, 256, (sizes.images, 3, 4, 4), np.uint8)
    return coarse.repeat(sizes.side // 4, axis=2).repeat(sizes.side // 4, axis=3)


def training_set_of(images: np.ndarray) -> TrainingSet:
    """Return the training set of images (images, 3, side, side)."""
    return TrainingSet((Rows(REAL, (MemoryBlock(REAL, 0, images[None]),)),))


def count_operations(state: State) -> tuple[int, int]:
    """Return the FLOP of one image: of the forward pass, and of forward and backward pass."""
    network = build_network(state.config)
    with FlopCounterMode(display=False) as counter:
        output = network(torch.empty((1, *state.event), device="meta"), torch.empty(1, device="meta"))
        forward = counter.get_total_flops()
        output.sum().backward()
    return forward, counter.get_total_flops()


def edm_train(small: bool) -> Row:
    """Return the row of training; its unit is an image.

    The rivals run eagerly, in fp16 with a scaled loss (on a CPU in bf16), and in IEEE float32.
    """
    sizes = SMALL_SIZES if small else SIZES
    images, train = made_up_images(sizes), train_settings(sizes)
    state = sizes.family.initial(sizes.event, STREAMS)
    training_set = training_set_of(images)
    operations = count_operations(state)[1]

    def fit() -> Work:
        seconds = timed(lambda: sizes.family.fit(training_set, state, range(sizes.steps), train, STREAMS))
        return Work(sizes.steps * sizes.batch, seconds)

    def plain_fit(half_precision: bool) -> Callable[[], Work]:
        loop = PlainTraining(state, images, sizes, half_precision)
        return lambda: Work(sizes.plain_steps * sizes.batch, timed(loop.run))

    half = Demand(operations, "bf16")  # fp16 and bf16 have one ceiling
    contenders = (
        Contender("raysc, bf16", fit, half, (Goal("fraction", 0.4),)),
        Contender(f"PyTorch, eager, {half_name()}", plain_fit(True), half, (Goal("ratio", 2.0),)),
        Contender("PyTorch, eager, fp32", plain_fit(False), Demand(operations, "fp32"), (Goal("ratio", 5.0),)),
    )
    return Row("images", contenders, not_run=(NVLABS,))


def half_dtype() -> torch.dtype:
    """Return the rivals' half precision: fp16, and bf16 on a CPU."""
    return torch.float16 if default_device().type == "cuda" else torch.bfloat16


def half_name() -> str:
    """Return the name of the rivals' half precision."""
    return "fp16" if half_dtype() == torch.float16 else "bf16"


class PlainTraining:
    """A plain loop around the same network, loss, augmentation, dropout and average, one after another on the device.

    It draws from torch's global generator, and dropout is torch's. A batch that does not fit in memory is cut into
    micro-batches of half as many images, and so on.
    """

    def __init__(self, state: State, images: np.ndarray, sizes: Sizes, half_precision: bool) -> None:
        """Build the network, its average and its optimiser.

        Args:
            state: has the initial weights.
            images: uint8 (images, 3, side, side).
            sizes: of the measurement.
            half_precision: autocast to ``half_dtype``; False: IEEE float32.
        """
        self._sizes, self._train, self._device = sizes, train_settings(sizes), default_device()
        self._half_precision = half_precision
        self._micro_batch = sizes.batch
        start = with_augmentation_embedding(state, augmentation.NUM_LABELS)
        weights = {name: values.clone() for name, values in start.weights.items()}
        self._network = with_weights(start.config, weights).train()
        for module in self._network.modules():
            if isinstance(module, nn.Dropout):
                module.p = self._train.dropout
        self._average = copy.deepcopy(self._network).requires_grad_(False)
        self._optimizer = torch.optim.Adam(self._network.parameters(), lr=self._train.lr)
        self._scaler = torch.amp.GradScaler(self._device.type, enabled=half_name() == "fp16" and half_precision)
        self._images, self._rng = torch.from_numpy(images), np.random.default_rng(0)

    def run(self) -> None:
        """Run the optimiser steps; the first call finds the size of a micro-batch."""
        while True:
            try:
                with self._precision():
                    for _ in range(self._sizes.plain_steps):
                        self._step()
                return
            except torch.OutOfMemoryError:
                if self._micro_batch == 1:
                    raise
            self._optimizer.zero_grad()
            self._micro_batch //= 2
            free_memory()

    def _precision(self) -> AbstractContextManager[Any]:
        return nullcontext() if self._half_precision else without_tf32()

    def _step(self) -> None:
        for _ in range(self._sizes.batch // self._micro_batch):
            batch = self._random_batch()
            with torch.autocast(self._device.type, half_dtype(), enabled=self._half_precision):
                loss = self._sizes.family.loss(self._network, batch)
            self._scaler.scale(loss * (self._micro_batch / self._sizes.batch)).backward()
        self._scaler.step(self._optimizer)
        self._scaler.update()
        self._optimizer.zero_grad()
        assert self._train.ema is not None, "the settings have an average"
        weight = 1 - 0.5 ** (1 / self._train.ema.steps(self._sizes.batch))
        with torch.no_grad():
            for average, parameter in zip(self._average.parameters(), self._network.parameters(), strict=True):
                average.lerp_(parameter, weight)

    def _random_batch(self) -> Batch:
        """Draw a micro-batch with its augmentation, noise and times."""
        count = self._micro_batch
        chosen = self._images[torch.randint(len(self._images), (count,))]
        rows = chosen.to(self._device).float() / 127.5 - 1
        parameters = augmentation.draw_parameters(self._train.augmentation, count, self._rng)
        labels = torch.from_numpy(augmentation.augment_labels(parameters)).to(self._device)
        times = torch.rand(count, device=self._device)
        return Batch(augmentation.augment(rows, parameters), torch.randn_like(rows), times, labels)


def edm_sample(small: bool) -> Row:
    """Return the row of sampling by Heun's method; its unit is an image.

    A short training comes first, since an untrained network hardly changes an image. The checks are Fréchet distances
    of pooled images to those of other latents in fp32: they are equal if precision changes no more than chance does.
    """
    sizes = SMALL_SIZES if small else SIZES
    family, training_set = sizes.family, training_set_of(made_up_images(sizes))
    start = family.initial(sizes.event, STREAMS)
    train = train_settings(sizes).model_copy(update={"ema": None})
    state = family.fit(training_set, start, range(sizes.steps), train, STREAMS).state
    evaluations = 2 * sizes.heun_steps - 1
    demand = Demand(count_operations(start)[0] * evaluations, "bf16")

    def draw(first: int, precision: str) -> np.ndarray:
        settings = Sample.model_validate({"steps": sizes.heun_steps, "precision": precision})
        rows: np.ndarray = family.sample(state, first, sizes.sampled, settings, STREAMS)[0]
        return rows

    def check() -> Mapping[str, float]:
        reference = draw(sizes.sampled, "fp32")
        distances = {precision: pooled_distance(draw(0, precision), reference) for precision in ("bf16", "fp32")}
        return {f"Fréchet distance of {precision}": distance for precision, distance in distances.items()}

    network = sampling_network(state)
    contenders = (
        Contender("raysc, bf16", lambda: Work(sizes.sampled, timed(lambda: draw(0, "bf16"))), demand),
        Contender(
            f"PyTorch, eager, {half_name()}",
            lambda: Work(sizes.block, timed(lambda: plain_sample(network, sizes))),
            demand,
            (Goal("ratio", 3.0),),
        ),
    )
    return Row("images", contenders, check, not_run=(NVLABS,))


def plain_sample(network: nn.Module, sizes: Sizes) -> np.ndarray:
    """Sample a block of images by Heun's method in one loop, uint8 (block, 3, side, side)."""
    device = default_device()

    def forward(*arguments: Tensor) -> Tensor:
        with torch.autocast(device.type, half_dtype()):
            output: Tensor = network(*arguments)
        return output.float()

    with torch.inference_mode():
        latents = torch.randn(sizes.block, *sizes.event, device=device)
        values = heun(partial(sizes.family.denoise, forward), latents, karras_sigmas(sizes.heun_steps))
        images: np.ndarray = (values * 127.5 + 128).clip(0, 255).to(torch.uint8).cpu().numpy()
    return images


def pooled_distance(images: np.ndarray, reference: np.ndarray) -> float:
    """Return the Fréchet distance of two sets of images, averaged to 4 x 4 pixels with values in [0, 1]."""
    first, second = (
        nn.functional.adaptive_avg_pool2d(torch.from_numpy(rows).double() / 255, POOLED_SIDE).flatten(1).numpy()
        for rows in (images, reference)
    )
    return frechet_distance(Vectors(first), Vectors(second))
