"""A training run becomes a checkpoint to ship: weights, card, README and the curve as a picture.

    python -m scripts.ship_checkpoint runs/second checkpoints/enhanced scripts/cards/enhanced.json \
        --figures maestro.json --weights last [--earlier checkpoints/enhanced]

The words of the card are in the JSON file given, the numbers come from the run's own metrics.jsonl and
from what `python -m musictx evaluate --json` printed into the files given as figures. Where a run went on
from another one, that one is named too: its folder, or the checkpoint that was shipped of it.
"""

from __future__ import annotations

import argparse
import dataclasses
import itertools
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from musictx.midi import vocabulary
from musictx.model.card import CARD_FILE, CheckpointCard, read_card
from musictx.model.checkpoint import load_checkpoint, save_checkpoint
from musictx.training.runs import RunFolder

CURVE = "curve.jsonl"  # the reports behind curve.png, so that a later training can be drawn behind them

Line = dict[str, Any]  # one line of a run's metrics.jsonl


@dataclass(frozen=True)
class Stage:
    """One training, or what a shipped checkpoint tells of all those behind it.

    steps: optimizer steps. tokens: trained on. settings: the configuration of each training, in order. lines: their
    reports, the steps counted from this stage's beginning.
    """

    steps: int
    tokens: int
    settings: tuple[dict[str, Any], ...]
    lines: tuple[Line, ...]

    @classmethod
    def of_run(cls, path: Path) -> Stage:
        """A training run's folder; TrainingError if it is none."""
        run = RunFolder(path)
        settings = run.read_config()
        lines = tuple(run.metrics())
        steps = int([line for line in lines if "nll" in line][-1]["step"])
        settings["data"] = [Path(corpus).name for corpus in settings["data"]]
        settings.pop("base", None)
        return cls(steps, steps * int(settings["batch_tokens"]), (settings,), lines)

    @classmethod
    def of_checkpoint(cls, path: Path) -> Stage:
        """A checkpoint that was shipped; without curve.jsonl (the first ones had none) its lines are empty."""
        recipe = read_card(path).recipe
        curve = path / CURVE
        lines = map(json.loads, curve.read_text(encoding="utf-8").splitlines() if curve.is_file() else ())
        return cls(recipe["steps"], recipe["tokens"], (*recipe.get("earlier", ()), recipe["settings"]), tuple(lines))

    @classmethod
    def of(cls, path: Path) -> Stage:
        """Whichever of the two this folder is."""
        return cls.of_checkpoint(path) if (path / CARD_FILE).is_file() else cls.of_run(path)


def main() -> None:
    """Reads the arguments and writes the folder."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path, help="folder of the training run")
    parser.add_argument("out", type=Path, help="folder of the checkpoint")
    parser.add_argument("words", type=Path, help="JSON: title, licence, description, style, limits, data, recipe")
    parser.add_argument(
        "--figures", type=Path, nargs="+", required=True, help="what evaluate --json printed, named <split>"
    )
    parser.add_argument(
        "--earlier", type=Path, nargs="+", default=[], help="runs or checkpoints that this run went on from, in order"
    )
    parser.add_argument("--weights", choices=("best", "last"), default="best")
    ship(parser.parse_args())


def ship(options: argparse.Namespace) -> None:
    """Writes the checkpoint folder."""
    earlier, run = [Stage.of(path) for path in options.earlier], Stage.of_run(options.run)
    if any(run.settings[-1] in stage.settings for stage in earlier):
        raise SystemExit(f"{options.run} is already in what was given as earlier; name what it went on from.")
    stages = [*earlier, run]
    words = json.loads(options.words.read_text(encoding="utf-8"))
    model, trained = load_checkpoint(options.run / options.weights, vocabulary.fingerprint())
    figures = {path.stem: _rounded(json.loads(path.read_text())) for path in options.figures}
    card = CheckpointCard(
        name=options.out.name,
        title=words["title"],
        licence=words["licence"],
        model=model.config,
        vocabulary=vocabulary.fingerprint(),
        description=words["description"],
        style=words["style"],
        limits=words["limits"],
        data=sources(words["data"], run.settings[-1]),
        recipe={
            **words["recipe"],
            "steps": sum(stage.steps for stage in earlier) + trained.recipe["step"],
            "tokens": sum(stage.tokens for stage in stages),
            "settings": run.settings[-1],
            **({"earlier": [each for stage in earlier for each in stage.settings]} if earlier else {}),
        },
        figures=figures,
    )
    card = save_checkpoint(model, card, options.out)
    lines = joined(stages)
    (options.out / CURVE).write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    draw_curve(lines, run.settings[-1], options.out / "curve.png")
    (options.out / "README.md").write_text(readme(card, model.count_params()), encoding="utf-8")


def sources(rows: list[dict[str, Any]], settings: dict[str, Any]) -> tuple[dict[str, Any], ...]:
    """What the card says of each corpus, in the run's order, with the share of windows that the run drew from it.

    Raises:
        SystemExit: if there are more or fewer rows than corpora.
    """
    corpora, weights = settings["data"], settings["weights"] or [1.0] * len(settings["data"])
    if len(rows) != len(corpora):
        raise SystemExit(f"the run has {len(corpora)} corpora ({', '.join(corpora)}), the card describes {len(rows)}")
    return tuple(
        {**row, "share": f"{100 * weight / sum(weights):.0f} %"} for row, weight in zip(rows, weights, strict=True)
    )


def joined(stages: Sequence[Stage]) -> list[Line]:
    """The reports of one training after the other, the steps counted from the very beginning."""
    begins = itertools.accumulate((stage.steps for stage in stages), initial=0)
    return [
        {**line, "step": line["step"] + begin}
        for stage, begin in zip(stages, begins, strict=False)
        for line in stage.lines
    ]


def _rounded(values: dict[str, Any]) -> dict[str, Any]:
    return {name: round(value, 4) if isinstance(value, float) else value for name, value in values.items()}


def draw_curve(lines: Sequence[Line], settings: dict[str, Any], path: Path) -> None:
    """Training and validation NLL over the steps, with the learning rate behind them."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    training = [(line["step"], line["nll"], line["learning_rate"]) for line in lines if "nll" in line]
    validation = [(line["step"], line["validation_nll"]) for line in lines if "validation_nll" in line]
    figure, axes = pyplot.subplots(figsize=(8, 4.5), dpi=110)
    rate_axes = axes.twinx()
    rate_axes.fill_between([row[0] for row in training], [row[2] for row in training], color="#d9d4c7", alpha=0.5)
    rate_axes.set_ylabel("learning rate")
    axes.set_zorder(rate_axes.get_zorder() + 1)
    axes.patch.set_visible(False)
    axes.plot([row[0] for row in training], [row[1] for row in training], color="#1f3b6e", lw=1, label="training")
    label = f"validation ({Path(settings['data'][0]).name}, {settings['validation_windows']} windows)"
    axes.plot(*zip(*validation, strict=True), color="#c2570c", marker="o", ms=3, label=label)
    axes.set_xlabel("step")
    axes.set_ylabel("NLL, nats per token")
    axes.legend()
    figure.tight_layout()
    figure.savefig(path)


def readme(card: CheckpointCard, parameters: int) -> str:
    """The card for people."""
    rows = "\n".join(f"| {row['name']} | {row['licence']} | {row['share']} |" for row in card.data)
    measured = "\n".join(
        f"| {name} | {row['per_token']:.3f} | {row['per_note']:.2f} | {row['per_second']:.1f} | {row['tokens']:,} |"
        for name, row in card.figures.items()
    )
    shape = ", ".join(f"{key} {value}" for key, value in dataclasses.asdict(card.model).items())
    return f"""# {card.title}

{card.description}

**Licence of these weights: {card.licence}**

## Data

| corpus | licence | share of windows |
|---|---|---|
{rows}

## Figures

Negative log-likelihood in nats, without label smoothing, over whole validation files in fixed windows of
{next(iter(card.figures.values()))["window"]} tokens, 388-event vocabulary.

| split | per token | per note | per second | tokens |
|---|---|---|---|---|
{measured}

{card.recipe["measured"]}
Repeat with `python -m musictx evaluate --checkpoint {card.name} FOLDER`.

## Recipe

{card.recipe["text"]} {card.recipe["tokens"]:,} tokens in {card.recipe["steps"]:,} steps. {card.recipe["compute"]}
All settings are in `config.json`.

![Training and validation NLL over the steps](curve.png)

Model: {parameters:,} parameters; {shape}.

## Limits

{card.limits}
"""


if __name__ == "__main__":
    main()
