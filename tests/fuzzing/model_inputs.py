"""Models of users: the U-Net of a diffusers folder, and the language model of a transformers folder."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

from raysc.libraries.torchvision_compat import declare_missing_schemas
from raysc.models.diffusion.ddpm import Ddpm
from raysc.models.language.networks import base_weights
from raysc.models.pretrained import PretrainedFamily
from raysc.rng import Streams
from raysc.settings import Sample as SampleSettings
from tests.fuzzing.byte_mutations import Mutate, mutate_bytes
from tests.fuzzing.kind import Kind, Sample
from tests.fuzzing.value_mutations import mutate_json

WEIGHT_WORDS = (
    b'"dtype":"F32"', b'"dtype":"BF16"', b'"dtype":"I64"', b'"dtype":"BOOL"', b'"shape":[', b'"data_offsets":[0,',
    b"__metadata__", b"\xff" * 8, b"\x00" * 8, b"NaN",
)  # fmt: skip
SETTING_WORDS = (
    b"_class_name", b"UNet2DModel", b"DDPMPipeline", b"_diffusers_version", b"sample_size", b"in_channels",
    b"num_class_embeds", b"block_out_channels", b"down_block_types", b"AttnDownBlock2D", b"DownBlock2D",
    b"norm_num_groups", b"attention_head_dim", b"architectures", b"model_type", b"gpt2", b"llama", b"auto_map",
    b"n_embd", b"n_head", b"n_layer", b"vocab_size", b"torch_dtype", b"quantization_config", b"tie_word_embeddings",
    b"swish", b"epsilon", b"v_prediction", b"code.py",
)  # fmt: skip
VOCABULARY = 20


def unet_weights(folder: Path) -> Kind:
    """Safetensors of a U-Net."""
    return _unet_kind("unet_weights", folder, ["unet/diffusion_pytorch_model.safetensors"], mutate_bytes, WEIGHT_WORDS)


def unet_settings(folder: Path) -> Kind:
    """JSON files of a U-Net's folder."""
    files = ["unet/config.json", "scheduler/scheduler_config.json", "model_index.json"]
    return _unet_kind("unet_settings", folder, files, mutate_json, SETTING_WORDS)


def _unet_kind(name: str, folder: Path, files: list[str], mutate: Mutate, words: tuple[bytes, ...]) -> Kind:
    family = Ddpm(network="unet", channels=8, multipliers=(1,), res_blocks=1)
    model = folder / "model"
    family.save(family.initial((1, 4, 4), Streams((7,), 0)), model, training_state=False)
    pretrained = PretrainedFamily(family, str(model))
    samples = [_sample(model / file, partial(_sample_images, pretrained)) for file in files]
    return Kind(name, samples, False, mutate, words)


def _sample_images(family: PretrainedFamily) -> object:
    """Load generation 0 and draw an image, as a sweep with ``initial.from`` does."""
    state = family.initial((1, 4, 4), Streams((0,), 0))
    return family.sample(state, 0, 1, SampleSettings(steps=1), Streams((0,), 0)).shape


def language_weights(folder: Path) -> Kind:
    """Safetensors of a language model."""
    return _language_kind("language_weights", folder, "model.safetensors", mutate_bytes, WEIGHT_WORDS)


def language_settings(folder: Path) -> Kind:
    """``config.json`` of a language model."""
    return _language_kind("language_settings", folder, "config.json", mutate_json, SETTING_WORDS)


def _language_kind(name: str, folder: Path, file: str, mutate: Mutate, words: tuple[bytes, ...]) -> Kind:
    declare_missing_schemas()
    from transformers import GPT2Config, GPT2LMHeadModel

    model = folder / "model"
    config = GPT2Config(vocab_size=VOCABULARY, n_positions=8, n_embd=4, n_layer=1, n_head=1)
    GPT2LMHeadModel(config).save_pretrained(model)
    sample = _sample(model / file, partial(base_weights, str(model), VOCABULARY + 1))
    return Kind(name, [sample], False, mutate, words)


def _sample(file: Path, read: Callable[[], object]) -> Sample:
    """Return the sample of a file; inputs stand in its place while they are read."""
    original = file.read_bytes()

    def read_changed(data: bytes) -> object:
        file.write_bytes(data)
        try:
            return read()
        finally:
            file.write_bytes(original)

    return Sample(original, read_changed)
