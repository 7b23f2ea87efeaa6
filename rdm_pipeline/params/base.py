"""What every section of the parameters shares: closed, typed, immutable."""

from typing import Any

from pydantic import BaseModel, ConfigDict, model_validator


class Section(BaseModel):
    """A section of params.yaml: unknown keys, silent conversions and infinities are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)

    @model_validator(mode="before")
    @classmethod
    def _keys_are_known(cls, section: Any) -> Any:
        for key in section if isinstance(section, dict) else ():
            if key not in cls.model_fields:
                raise ValueError(f"{key}: unknown key, allowed: {', '.join(cls.model_fields)}")
        return section
