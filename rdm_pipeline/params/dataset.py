"""The real images that a profile works on, as params.yaml describes them."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field, NonNegativeInt, PositiveInt

from rdm_pipeline.params.base import Section

Name = Annotated[str, Field(pattern=r"^[a-z0-9_]+$")]
FolderPath = Annotated[str, Field(min_length=1)]


class Limits(Section):
    """How many images of each split to use; null means all of them."""

    train: PositiveInt | None = None
    val: PositiveInt | None = None


class Counts(Section):
    """How many images each split has."""

    train: PositiveInt
    val: PositiveInt


class Shards(Section):
    """Into how many files each split's images and features are cut."""

    train: PositiveInt
    val: PositiveInt


class FashionMnist(Section):
    """Fashion-MNIST (Xiao et al. 2017): 60,000 + 10,000 grey images of 28 x 28, 10 classes.

    `source` is "torchvision", "debian", "auto" (the first of them that answers) or a folder that
    holds the four IDX .gz files.
    """

    kind: Literal["fashion_mnist"]
    name: Name
    source: FolderPath
    limits: Limits
    shards: Shards

    resolution: ClassVar[int] = 28
    channels: ClassVar[int] = 1
    bad_images: ClassVar[int] = 0


class ImageFolder(Section):
    """A user's own images, `train/<class>/*` and `val/<class>/*` with the same classes in both.

    Either root may be a tar, or hold one tar per class. A val split without class folders comes
    with `val_labels`, a file of lines `picture class`. Images are cropped to their central square
    and resized to `resolution`; `channels` is 1 for grey, 3 for colour. A shard leaves out up to
    `bad_images` pictures that cannot be decoded; one more is an error.
    """

    kind: Literal["folder"]
    name: Name
    train: FolderPath
    val: FolderPath
    val_labels: FolderPath | None = None
    resolution: PositiveInt
    channels: Literal[1, 3]
    limits: Limits
    shards: Shards
    bad_images: NonNegativeInt = 0


class Scenes(Section):
    """Small rendered scenes with captions, as many as `limits` says, all drawn from `seed`."""

    kind: Literal["scenes"]
    name: Name
    seed: NonNegativeInt
    resolution: Annotated[int, Field(ge=16)]
    limits: Counts
    shards: Shards

    channels: ClassVar[int] = 3
    bad_images: ClassVar[int] = 0


class Captioned(Section):
    """A user's own pictures with captions in COCO's form, one caption for each image.

    `train` and `val` are folders or tars; `train_captions` and `val_captions` are files such as
    captions_train2014.json. Rows are in the order of the images' numbers. Every picture must
    decode: one left out would move the captions of those behind it.
    """

    kind: Literal["captioned"]
    name: Name
    train: FolderPath
    val: FolderPath
    train_captions: FolderPath
    val_captions: FolderPath
    resolution: PositiveInt
    channels: Literal[1, 3]
    limits: Limits
    shards: Shards

    bad_images: ClassVar[int] = 0


DatasetSpec = Annotated[
    FashionMnist | ImageFolder | Scenes | Captioned, Field(discriminator="kind")
]
Split = Literal["train", "val"]
