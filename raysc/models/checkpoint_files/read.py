"""Reading of a checkpoint file of any known layout."""

from pathlib import Path

from accelerate.state import PartialState

from raysc.errors import InputError
from raysc.models.checkpoint_files.checkpoint import Checkpoint
from raysc.models.checkpoint_files.edm import read_edm
from raysc.models.checkpoint_files.inert import RefusedError
from raysc.models.checkpoint_files.torch_files import is_archive
from raysc.models.checkpoint_files.unets import read_unet
from raysc.models.neural.state import State
from raysc.models.neural.state_files import SchedulerConfig, check_scheduler, tensors_to_device


def read_checkpoint(path: Path) -> Checkpoint:
    """Read a public checkpoint: EDM's network pickle, or torchcfm's or ddpm-torch's archive. Nothing in it is run.

    Raises:
        InputError: the file is of no known layout, or holds something that its layout does not have.
    """
    try:
        return read_unet(path) if is_archive(path) else read_edm(path)
    except (RefusedError, InputError) as error:
        raise InputError(f"{path} is refused as a checkpoint: {error}") from error
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error}") from error


def load_checkpoint(path: Path, network: str, scheduler: SchedulerConfig) -> State:
    """Read a public checkpoint as a state on Accelerate's device.

    Args:
        path: the file.
        network: the family's kind of network.
        scheduler: the prediction target that the network must have been trained with.

    Raises:
        InputError: as ``read_checkpoint``; or the network or its prediction target is another one.
    """
    checkpoint = read_checkpoint(path)
    if checkpoint.config["network"] != network:
        raise InputError(f"{path} holds a network of kind {checkpoint.config['network']}; set model.network to it")
    check_scheduler(path, checkpoint.scheduler, scheduler)
    device = PartialState().device
    weights, ema, moments = (
        tensors_to_device(tensors, device) for tensors in (checkpoint.weights, checkpoint.ema, checkpoint.moments)
    )
    return State(checkpoint.config, weights, ema, moments, steps=checkpoint.steps)
