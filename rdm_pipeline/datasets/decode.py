"""A picture file of any common format as a square array."""

import io
import struct

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError


def decode(data: bytes, resolution: int, channels: int) -> np.ndarray:
    """Return a picture file's content as uint8 (channels,resolution,resolution).

    The picture is turned as its EXIF says, laid over white where it is transparent, and cropped by
    `centre_crop`; 16-bit grey is scaled to 8 bits; of an animation the first frame counts. Raises
    ValueError for what Pillow cannot read to its end.
    """
    try:
        with Image.open(io.BytesIO(data)) as file:
            file.load()
            image = _over_white(_eight_bits(_upright(file)))
            image = image.convert("L" if channels == 1 else "RGB")
    except UnidentifiedImageError:
        reason = "no format that Pillow knows" if data else "empty"
        raise ValueError(reason) from None
    except (OSError, SyntaxError, struct.error, Image.DecompressionBombError) as error:
        raise ValueError(str(error)) from None
    square = centre_crop(image, resolution)
    return np.asarray(square).reshape(resolution, resolution, channels).transpose(2, 0, 1)


def centre_crop(image: Image.Image, size: int) -> Image.Image:
    """Return the central square of a picture at size x size, as ADM crops ImageNet.

    Halved by 2 x 2 means while its shorter side is at least twice `size`, then bicubic to a shorter
    side of `size`, then cut. Source: Dhariwal & Nichol 2021 (arXiv 2105.05233), guided-diffusion.
    """
    while min(image.size) >= 2 * size:
        image = image.resize((image.width // 2, image.height // 2), Image.Resampling.BOX)
    scale = size / min(image.size)
    shape = (round(image.width * scale), round(image.height * scale))
    image = image.resize(shape, Image.Resampling.BICUBIC)
    left, top = (image.width - size) // 2, (image.height - size) // 2
    return image.crop((left, top, left + size, top + size))


def _upright(image: Image.Image) -> Image.Image:
    try:
        return ImageOps.exif_transpose(image)
    except (OSError, ValueError, SyntaxError, KeyError, struct.error):
        return image  # ImageNet has whole pictures with damaged EXIF


def _eight_bits(image: Image.Image) -> Image.Image:
    if image.mode == "F":
        raise ValueError("floating-point pixels; allowed: 8 or 16 bits")
    if not image.mode.startswith("I"):
        return image
    values = np.clip(np.asarray(image, np.int64), 0, 65535)
    return Image.fromarray(((values + 128) // 257).astype(np.uint8))


def _over_white(image: Image.Image) -> Image.Image:
    if not image.has_transparency_data:
        return image
    picture = image.convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", picture.size, "white"), picture)
