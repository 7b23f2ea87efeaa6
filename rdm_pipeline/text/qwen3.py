"""The text encoder of FLUX.2 [klein]: layers of a Qwen3 under its chat template."""

from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor

from rdm_pipeline.errors import RdmError
from rdm_pipeline.packages import paper_package


class Qwen3:
    """The model in bfloat16 and its tokenizer, frozen, from the folders that hold their files.

    RdmError where a weight is missing or does not fit.
    """

    def __init__(self, model: Path, tokenizer: Path, device: torch.device) -> None:
        """Read both."""
        transformers = paper_package("transformers")
        self.tokenizer = transformers.AutoTokenizer.from_pretrained(
            tokenizer, local_files_only=True
        )
        loaded, report = transformers.Qwen3ForCausalLM.from_pretrained(
            model, local_files_only=True, dtype=torch.bfloat16, output_loading_info=True
        )
        wrong = sorted(map(str, {*report["missing_keys"], *report["mismatched_keys"]}))
        if wrong:
            raise RdmError(f"{model}: weights missing or of another shape: {', '.join(wrong[:3])}")
        self.model = loaded.model.to(device).eval().requires_grad_(False)
        self.device = device

    @torch.no_grad()
    def contexts(self, prompts: Sequence[str], length: int, layers: Sequence[int]) -> Tensor:
        """Return hidden states (n, length, layers x width) of padded or cut prompts, side by side.

        A prompt is a user's message, answered without thinking; layer 0 is the embeddings. Padding
        comes with states of its own, which the generator sees, as in diffusers' pipeline.
        """
        texts = [self._templated(prompt) for prompt in prompts]
        tokens = self.tokenizer(
            texts, padding="max_length", truncation=True, max_length=length, return_tensors="pt"
        ).to(self.device)
        states = self.model(
            input_ids=tokens["input_ids"],
            attention_mask=tokens["attention_mask"],
            output_hidden_states=True,
            use_cache=False,
        ).hidden_states
        if max(layers) >= len(states):
            raise RdmError(f"layers: found {max(layers)}, the model has 0 to {len(states) - 1}")
        return torch.cat([states[layer] for layer in layers], dim=2)

    def _templated(self, prompt: str) -> str:
        return self.tokenizer.apply_chat_template(
            [{"role": "user", "content": prompt}],
            tokenize=False,
            add_generation_prompt=True,
            enable_thinking=False,
        )
