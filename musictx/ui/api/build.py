"""The endpoints put on the page: names, parameters, queues. Their components are not shown."""

from __future__ import annotations

import inspect
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from typing import Any

import gradio as gr

from musictx.ui.api import compose, files, redo
from musictx.ui.api.calls import Calls
from musictx.ui.compose.handlers import ComposeHandlers
from musictx.ui.events import GENERATION

Answers = Callable[[dict[str, Any], gr.Request], AsyncIterator[Any]]


@dataclass(frozen=True)
class Endpoint:
    """One endpoint.

    name: "/name" is its address. answers: given values by parameter and the request, its answers, the last one whole.
    parameters, outputs: components. description: for people and for programs that choose by it.
    """

    name: str
    answers: Answers
    parameters: Mapping[str, Any]
    outputs: list[Any]
    description: str


def build_api(music: ComposeHandlers) -> None:
    """Adds the endpoints, inside the Blocks being built."""
    with gr.Row(visible=False):
        for each in _endpoints(Calls(music)):
            gr.Button(each.name).click(
                function_of(each),
                [*each.parameters.values()],
                each.outputs,
                api_name=each.name,
                api_description=each.description,
                concurrency_id=GENERATION,  # each may keep the machine busy: one queue for all
                concurrency_limit=music.stop_flags.at_once,
            )


def _endpoints(calls: Calls) -> list[Endpoint]:
    of_files = files.FileEndpoints(calls)
    facts, sound = gr.JSON, gr.File
    return [
        Endpoint("compose", compose.Compose(calls), compose.parameters(), compose.outputs(), compose.DESCRIPTION),
        Endpoint("redo", redo.RedoRange(calls), redo.parameters(), redo.outputs(), redo.DESCRIPTION),
        Endpoint(
            "seed_report",
            of_files.report,
            files.report_parameters(),
            [facts(label="Facts about the seed")],
            files.REPORT,
        ),
        Endpoint("render", of_files.render, files.render_parameters(), [sound(label="The sound file")], files.RENDER),
        Endpoint("score", of_files.score, files.score_parameters(), [facts(label="NLL in nats")], files.SCORE),
    ]


def function_of(endpoint: Endpoint) -> Callable[..., Any]:
    """The function that Gradio calls, with one parameter for each of the endpoint's: it shows them to programs."""
    names = [*endpoint.parameters]

    async def call(*values: Any) -> AsyncIterator[Any]:
        *given, request = values
        async for answer in endpoint.answers(dict(zip(names, given, strict=True)), request):
            yield answer

    kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
    asked = [inspect.Parameter(name, kind) for name in names]
    call.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
        [*asked, inspect.Parameter("request", kind, annotation=gr.Request)]
    )
    call.__annotations__ = {"request": gr.Request}
    # As a tool for language models it is called so, and its parameters are told by its docstring.
    told = [f"    {name}: {component.label}" for name, component in endpoint.parameters.items()]
    call.__name__, call.__doc__ = endpoint.name, "\n".join([endpoint.description, "", "Args:", *told])
    return call
