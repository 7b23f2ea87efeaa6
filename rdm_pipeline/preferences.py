"""What a model of human preference scores: where the scores lie, which keys verbs read."""

from collections.abc import Iterable, Mapping
from typing import Any

from rdm_pipeline.params.project import Project

SPEC = "evaluation.preference"


class Preferences:
    """A profile's images of classes (Fig. 6) and of lists of prompts, as their rules see them."""

    def __init__(self, project: Project) -> None:
        self.project, self.results = project, project.results

    @property
    def model_keys(self) -> dict[str, str]:
        """Keys that scoring images of prompts reads."""
        return {"model": f"{SPEC}.model", "threads": "threads"}

    @property
    def class_keys(self) -> dict[str, str]:
        """Keys that scoring images of classes reads."""
        return {**self.model_keys, "classes": f"{SPEC}.classes"}

    def list_keys(self, prompts: str, keys: Iterable[str]) -> dict[str, str]:
        """Keys of a list of prompts that is scored by preference; none of any other list."""
        if prompts not in self.project.preference_lists:
            return {}
        return {key: f"{SPEC}.lists.{prompts}.{key}" for key in keys}

    def scores_of_figure(self) -> list[str]:
        """The files of scores behind Fig. 6: the run's, then those it is compared with."""
        return [f"{self.results}/preference/{name}.h5" for name in self.rows_of_figure]

    @property
    def figure_keys(self) -> Mapping[str, Any]:
        """Keys that Fig. 6 reads."""
        return {"figure": "report.fig6", "published": "report.published"}

    def scores_of_table(self) -> list[str]:
        """The files of scores behind the table of PickScore, list by list, the rows within."""
        folders = [f"{self.results}/pickscore/{name}" for name in self.project.preference_lists]
        return [f"{folder}/{row}/preference.h5" for folder in folders for row in self.rows_of_table]

    @property
    def table_keys(self) -> Mapping[str, Any]:
        """Keys that the table of PickScore reads."""
        return {
            "table": "report.pickscore",
            "lists": f"{SPEC}.lists",
            "context_length": "prompts.context.length",
            "published": "report.published",
        }

    @property
    def rows_of_figure(self) -> list[str]:
        """The generators of Fig. 6: the run, then those it is compared with."""
        told = self.project.report.fig6
        return [told.run, *told.against] if told else []

    @property
    def rows_of_table(self) -> list[str]:
        """The generators of the table of PickScore."""
        told = self.project.report.pickscore
        return told.rows if told else []
