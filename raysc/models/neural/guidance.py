"""Negative guidance between two neural states, of which the result only samples."""

from raysc.models.networks.guided import guided_config, guided_tensors
from raysc.models.neural.augmentation_embedding import without_augmentation_embedding
from raysc.models.neural.state import State
from raysc.settings import Guide


def guided_state(base: State, auxiliary: State, guide: Guide) -> State:
    """Return the state that ``guide`` extrapolates from the base, away from the auxiliary state.

    Args:
        base: the state of generation 0.
        auxiliary: the state of the newest generation, of an equal network.
        guide: its weight w, and what is extrapolated: outputs, (1 + w) f_base(x) - w f_auxiliary(x) in each evaluation,
            or the weights of the network, (1 + w) theta_base - w theta_auxiliary.

    Returns:
        A state of EMA weights alone.
    """
    base, auxiliary = without_augmentation_embedding(base), without_augmentation_embedding(auxiliary)
    if guide.of == "outputs":
        tensors = guided_tensors(base.ema, auxiliary.ema)
        return State(guided_config(base.config, auxiliary.config, guide.weight), tensors, tensors)
    tensors = {name: (1 + guide.weight) * base.ema[name] - guide.weight * auxiliary.ema[name] for name in base.ema}
    return State(base.config, tensors, tensors)
