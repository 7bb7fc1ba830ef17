"""Process-wide state of training: Accelerate's and micro-batch sizes."""

import torch

from raysc.models.training import accelerate_compat, micro_batch


def reset_process_state() -> None:
    """Clear the process-wide state of training and destroy the process group, at the end of a trial."""
    micro_batch.reset()
    if torch.distributed.is_available() and torch.distributed.is_initialized():
        torch.distributed.destroy_process_group()
    accelerate_compat.reset_states()
