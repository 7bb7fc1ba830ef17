"""The feature extractor "classifier": a small convolutional network, trained on the classes of the data set."""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from math import ceil, cos, pi, prod, sqrt

import numpy as np
import safetensors.torch
import torch
from torch import Tensor, nn
from torch.optim.adamw import adamw

from raysc.datasets.dataset import LabelledRows
from raysc.rng import stream

DIM = 64
"""Number of features, the activations of the last hidden layer."""
EPOCHS = 12
BATCH = 64
LR = 2e-3
"""First learning rate; it falls to 0 along a cosine."""
BLOCK = 512
"""Number of rows per block of feature extraction."""
PART = 128
"""Number of rows of a block that are computed at once: activations of small images stay in a core's cache.

The parts of a block have equal sizes. A part of one or two rows would be computed by another kernel, with other bits.
"""


@dataclass(frozen=True, eq=False)
class Classifier:
    """A trained classifier whose penultimate activations are features.

    The 64 features are ReLU activations, >= 0 and not normalised. Their scale is learned. It is the same for all rows
    that are compared, because a data set has one classifier.

    Attributes:
        network: layers from images to logits, in evaluation mode.
        event: shape of one image, (channels, height, width).
        classes: number of classes.
        accuracy: share of held-out rows with the right class, 0 to 1.
    """

    network: nn.Sequential
    event: tuple[int, ...]
    classes: int
    accuracy: float

    def features(self, rows: np.ndarray) -> np.ndarray:
        """Compute the features of images uint8 (..., channels, height, width): float64 (..., 64)."""
        leading = rows.shape[: rows.ndim - len(self.event)]
        if rows.shape[len(leading) :] != self.event:
            raise ValueError(f"the classifier was trained on rows of shape {self.event}, not {rows.shape}")
        return _apply(self.network[:-1], rows.reshape(-1, *self.event)).astype(np.float64).reshape(*leading, DIM)

    def to_files(self) -> dict[str, bytes]:
        """Return file name -> content, for the store."""
        description = {"event": self.event, "classes": self.classes, "accuracy": self.accuracy}
        return {
            "classifier.safetensors": safetensors.torch.save(self.network.state_dict()),
            "classifier.json": json.dumps(description, indent=2).encode(),
        }

    @classmethod
    def from_files(cls, files: Mapping[str, bytes]) -> "Classifier":
        """Load the files of ``to_files``.

        Features are equal bit for bit on the CPU, and up to rounding on an accelerator.
        """
        description = json.loads(files["classifier.json"])
        event = tuple(description["event"])
        network = _network(event, description["classes"])
        network.load_state_dict(safetensors.torch.load(files["classifier.safetensors"]))
        device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        return cls(network.to(device).eval(), event, description["classes"], description["accuracy"])


def train_classifier(train: LabelledRows, test: LabelledRows) -> Classifier:
    """Train on all labelled training rows, which takes seconds on one core for small images.

    Weights and batches come from fixed random streams and training runs on one CPU thread, so that a machine always
    gives the same classifier.

    Args:
        train: images uint8 (rows, channels, height, width), with classes.
        test: held-out images, for ``accuracy`` alone.

    Returns:
        The classifier after the last epoch; no choice depends on the held-out images.
    """
    event, classes = train.rows.shape[1:], int(train.labels.max()) + 1
    network = _network(event, classes)
    images, labels = _to_unit(train.rows), torch.from_numpy(train.labels.copy())
    steps = EPOCHS * -(-len(labels) // BATCH)
    with _one_thread():
        update = _Adamw(network, steps)
        for epoch in range(EPOCHS):
            order = torch.from_numpy(stream(0, 0, "train", "classifier", epoch).permutation(len(labels)))
            for first in range(0, len(order), BATCH):
                batch = order[first : first + BATCH]
                loss = nn.functional.cross_entropy(network(images[batch]), labels[batch])
                update(torch.autograd.grad(loss, update.parameters))
        network.eval()
        predictions = _apply(network, test.rows).argmax(axis=1)
    return Classifier(network, event, classes, float(np.mean(predictions == test.labels)))


class _Adamw:
    """AdamW with a cosine schedule: the values of ``torch.optim.AdamW`` and ``CosineAnnealingLR``, bit for bit.

    Their first object in a process imports torch's compiler, which takes as long as a third of the training.

    Attributes:
        parameters: of the network.
    """

    def __init__(self, network: nn.Module, steps: int) -> None:
        """Start at the first of ``steps`` steps."""
        self.parameters: list[Tensor] = list(network.parameters())
        self._exp_avgs, self._exp_avg_sqs = ([torch.zeros_like(value) for value in self.parameters] for _ in range(2))
        self._counts = [torch.tensor(0.0) for _ in self.parameters]
        self._lr, self._step, self._steps = LR, 0, steps

    @torch.no_grad()
    def __call__(self, gradients: Sequence[Tensor]) -> None:
        """Update the parameters in place."""
        adamw(
            self.parameters, list(gradients), self._exp_avgs, self._exp_avg_sqs, [], self._counts, lr=self._lr,
            weight_decay=1e-2, beta1=0.9, beta2=0.999, eps=1e-8, amsgrad=False, maximize=False,
        )  # fmt: skip
        self._step += 1
        # From the last rate, as torch does: another order of the operations differs in the last bit.
        self._lr *= (1 + cos(pi * self._step / self._steps)) / (1 + cos(pi * (self._step - 1) / self._steps))


def _network(event: tuple[int, ...], classes: int) -> nn.Sequential:
    """Build two convolutions, pooling to 4x4 and two linear layers; weights come from fixed streams, one per tensor."""
    with torch.device("meta"):
        network = nn.Sequential(
            nn.Conv2d(event[0], 32, 3, padding=1),
            nn.ReLU(),
            nn.Conv2d(32, 64, 3, padding=1),
            nn.ReLU(),
            nn.AdaptiveAvgPool2d(4),
            nn.Flatten(),
            nn.Linear(64 * 16, DIM),
            nn.ReLU(),
            nn.Linear(DIM, classes),
        )
    network.to_empty(device="cpu")
    with torch.no_grad():
        for name, parameter in network.named_parameters():
            if parameter.ndim == 1:
                parameter.zero_()
                continue
            # He et al. 2015: variance 2/fan-in keeps the scale of ReLU activations.
            weights = stream(0, 0, "init", "classifier", name).standard_normal(tuple(parameter.shape))
            parameter.copy_(torch.from_numpy(weights * sqrt(2 / prod(parameter.shape[1:]))))
    return network


def _to_unit(rows: np.ndarray) -> Tensor:
    """Scale uint8 images from 0..255 to float32 in 0..1."""
    return torch.from_numpy(rows.astype(np.float32) / 255)


def _apply(network: nn.Module, rows: np.ndarray) -> np.ndarray:
    device = next(network.parameters()).device
    # TF32 keeps 10 bits of a float32: features would depend on the device in their third digit.
    with torch.inference_mode(), torch.backends.cudnn.flags(enabled=True, allow_tf32=False):
        outputs = [network(_to_unit(part).to(device)).cpu() for part in _parts(rows)]
    return torch.cat(outputs).numpy()


def _parts(rows: np.ndarray) -> Iterator[np.ndarray]:
    """Yield the parts of all blocks of rows, in their order."""
    for first in range(0, len(rows), BLOCK):
        block = rows[first : first + BLOCK]
        yield from np.array_split(block, ceil(len(block) / PART))


@contextmanager
def _one_thread() -> Iterator[None]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)
