from pathlib import Path

from tests.cli.conftest import RunRaysc
from tests.edm_pickles import EDMPrecond, contents, song_unet, write_pickle

SHOWN = """\
layout:          EDM
network:         ddpmpp
parameters:      107,319, 9 augmentation labels
images:          3 channels, 8x8
holds:           one set of weights
preconditioning: EDMPrecond
dropout:         0.13
in a sweep file:
  model: {name: edm, network: ddpmpp, channels: 12, multipliers: [1, 2], res_blocks: 1, attention: [4]}
  initial: {from: network.pkl}
"""


def test_inspect_says_what_a_file_holds_and_what_a_sweep_makes_of_it(raysc: RunRaysc, here: Path) -> None:
    write_pickle(contents(EDMPrecond(song_unet())), here / "network.pkl")
    assert raysc("checkpoint", "inspect", "network.pkl").out == SHOWN


def test_a_file_that_is_no_checkpoint_is_refused(raysc: RunRaysc, here: Path) -> None:
    (here / "hostile.pkl").write_bytes(b"cos\nsystem\n(S'exit'\ntR.")
    ran = raysc("checkpoint", "inspect", "hostile.pkl")
    assert ran.status == 2
    assert ran.err == (
        "raysc: hostile.pkl is refused as a checkpoint: it names 'os.system', which is no part of a known layout\n"
    )
    absent = raysc("checkpoint", "inspect", "absent.pkl")
    assert (absent.status, absent.err) == (2, "raysc: there is no file absent.pkl\n")
