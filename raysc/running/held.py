"""The model that a crew holds, as metrics of models see it."""

from dataclasses import dataclass

import numpy as np

from raysc.running.bench import TrainedCrew


@dataclass(frozen=True)
class Held:
    """Answers for the family of the model that a crew holds, wherever its ranks are."""

    crew: TrainedCrew

    def token_losses(self, state: None, rows: np.ndarray) -> np.ndarray:
        """As ``OfText.token_losses`` of the held model."""
        losses = self.crew.ask("token_losses", rows)
        assert losses is not None, "there are held-out rows"
        return losses


def held(crew: TrainedCrew) -> tuple[Held, None]:
    """What ``Bench.measure`` takes for a model: who answers for its family, and no state, since the crew has it."""
    return Held(crew), None
