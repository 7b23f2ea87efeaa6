"""Files of weights as frozen encoders."""

from pathlib import Path

from rdm_pipeline.artifacts import read_tensors
from rdm_pipeline.encoders.battery import FrozenEncoder, build_encoder
from rdm_pipeline.errors import RdmError
from rdm_pipeline.params.encoders import Network


def load_encoder(
    path: Path, name: str, network: Network, channels: int, size: int
) -> FrozenEncoder:
    """Return a frozen encoder for images (channels, size, size); RdmError for another's weights."""
    weights, about = read_tensors(path)
    if about.get("encoder") != name:
        raise RdmError(f"{path}: weights of encoder {about.get('encoder')!r}, expected {name!r}")
    return build_encoder(network, channels, size, weights)
