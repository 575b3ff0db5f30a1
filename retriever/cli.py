"""The command line: it parses, calls the library and prints. Heavy imports wait for a command.

Data goes to standard output, progress and messages to standard error. The exit status is 0 when
all went well, 1 when something is wrong that a person can mend, 2 when the command line itself
was not understood, and 130 after Ctrl-C.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from io import TextIOWrapper
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from retriever import cli_add, cli_desk, cli_keep, cli_web, evidence_map, output
from retriever.cli_backup import backup, restore_backup
from retriever.cli_collections import collection
from retriever.cli_shared import collection_option, filter_options, format_option
from retriever.cli_shared import example as _example
from retriever.cli_shared import open_library as _open
from retriever.config import list_settings
from retriever.errors import RetrieverError
from retriever.schema import (
    MODES,
    Change,
    Document,
    Filters,
    Mode,
    Page,
    Progress,
    to_dict,
)
from retriever.version import VERSION

if TYPE_CHECKING:
    from retriever.judgements import Run


class _Group(click.Group):
    """Turns our own errors into one line and exit status 1, and Ctrl-C into a plain word."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except RetrieverError as error:
            raise click.ClickException(" ".join(output.harmless(str(error)).split())) from error
        except KeyboardInterrupt:
            click.echo("\nStopped.", err=True)
            ctx.exit(130)


@click.group(
    cls=_Group,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog=_example(
        "retriever index",
        'retriever ask "What increases bowel cancer screening uptake?"',
    ),
)
@click.option(
    "--library",
    "root",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="The library's folder, which holds corpus/. Default: RETRIEVER_LIBRARY, or else the "
    "starter library of this project.",
)
@click.version_option(VERSION, message="%(version)s")
@click.pass_context
def cli(ctx: click.Context, root: Path | None) -> None:
    """Answer commissioning questions with verbatim, page-cited passages."""
    ctx.obj = root


def _words(text: str) -> str:
    """The question as given, or from standard input when it is "-"."""
    if text == "-":
        text = sys.stdin.read()
    return text.encode("utf-8", "replace").decode("utf-8").strip()


@cli.command(epilog=_example("retriever --library ~/evidence index"))
@click.option("--retry-failed", is_flag=True, help="Read again the files that failed before.")
@format_option("table", "json")
@click.pass_obj
def index(root: Path | None, retry_failed: bool, layout: str) -> None:
    """Bring the index up to date with the files in corpus/.

    Only what is new or changed is read and embedded. Files that cannot be read are listed with
    the reason and do not stop the others.
    """
    report = _open(root).index(output.progress_to(sys.stderr), retry_failed)
    if layout == "json":
        click.echo(output.as_json(to_dict(report)))
    else:
        click.echo(output.index_report(report))


@cli.command(
    epilog=_example(
        'retriever search "bowel screening deprived areas" -k 5 --from-year 2015',
        'retriever search "self-management" --source-type systematic-review --format json',
    ),
)
@click.argument("query")
@click.option("-k", "k", type=click.IntRange(1), default=10, show_default=True, help="How many.")
@click.option(
    "--mode",
    type=click.Choice(MODES),
    default="evidence",
    show_default=True,
    help="Search by words (lexical), by meaning (vector), by both (hybrid), or by both and then "
    "by how likely a passage is to report evidence that answers (evidence).",
)
@click.option("--explain", is_flag=True, help="Say what speaks for each passage and what against.")
@filter_options
@click.option("--query-id", default="1", show_default=True, help="The topic, for --format trec.")
@format_option("table", "json", "trec")
@click.pass_obj
def search(
    root: Path | None,
    query: str,
    k: int,
    mode: Mode,
    explain: bool,
    filters: Filters,
    query_id: str,
    layout: str,
) -> None:
    """List the passages that fit QUERY best ("-" reads it from standard input)."""
    hits = _open(root).search(_words(query), k, mode, filters)
    if layout == "json":
        click.echo(output.as_json([output.hit_record(hit, explain) for hit in hits]))
    elif layout == "trec":
        for line in output.run_lines(hits, query_id, f"retriever-{mode}"):
            click.echo(line)
    else:
        click.echo(output.hit_table(hits, explain))


@cli.command(
    epilog=_example(
        'retriever ask "What increases bowel cancer screening uptake in deprived areas?"',
        'echo "Does NHS Health Check reduce strokes?" | retriever ask - --format json',
    ),
)
@click.argument("question")
@click.option(
    "--per-document",
    type=click.IntRange(1),
    help="The most findings out of one document. Default: the setting answers.per_document.",
)
@click.option(
    "--without",
    multiple=True,
    metavar="KEY",
    help="Take this out of the question, for example group:women. May be given often.",
)
@click.option(
    "--with",
    "added",
    multiple=True,
    metavar="KEY",
    help="Add this to the question, for example topic:diabetes or intent:cost. May be given often.",
)
@filter_options
@format_option("text", "json")
@click.pass_obj
def ask(
    root: Path | None,
    question: str,
    per_document: int | None,
    without: tuple[str, ...],
    added: tuple[str, ...],
    filters: Filters,
    layout: str,
) -> None:
    """Answer QUESTION with quotations ("-" reads it from standard input)."""
    change = Change(without, added)
    answer = _open(root).ask(_words(question), filters, per_document, change=change)
    if layout == "json":
        from retriever.answer import to_json  # slow to load: not for --help

        click.echo(output.as_json(to_json(answer)))
    else:
        click.echo(output.answer_text(answer))


@cli.command(epilog=_example("retriever documents", "retriever documents --format json"))
@format_option("table", "json")
@click.pass_obj
def documents(root: Path | None, layout: str) -> None:
    """List every file of the library, with what became of it."""
    entries = _open(root).entries()
    if layout == "json":
        click.echo(output.as_json([to_dict(entry) for entry in entries]))
    else:
        click.echo(output.entry_table(entries))


@cli.command(
    epilog=_example(
        "retriever show ng28 --page 12",
        "retriever show ng28 --passages --format json",
    ),
)
@click.argument("document_id")
@click.option("--page", "number", type=click.IntRange(1), help="Only the text of this page.")
@click.option("--passages", "cut", is_flag=True, help="The text as it was cut into passages.")
@format_option("text", "json")
@click.pass_obj
def show(root: Path | None, document_id: str, number: int | None, cut: bool, layout: str) -> None:
    """Show a document: what is known about it, and its text."""
    library = _open(root)
    document = library.document(document_id)
    page = None if number is None else _page(document, number)
    passages = library.passages(document_id) if cut else None
    if page and passages:
        passages = [item for item in passages if item.start < page.end and page.start < item.end]
    if layout == "json":
        click.echo(output.as_json(output.document_record(document, page, passages)))
    else:
        click.echo(output.document_text(document, page, passages))


def _page(document: Document, number: int) -> Page:
    found = next((page for page in document.pages if page.number == number), None)
    if found:
        return found
    if not document.pages:
        raise click.UsageError(f"'{document.id}' has no pages: leave out --page.")
    raise click.UsageError(
        f"'{document.id}' has no page {number}: it has pages {document.pages[0].number} to "
        f"{document.pages[-1].number}."
    )


@cli.command(epilog=_example("retriever check", "retriever check --ask"))
@click.option(
    "--ask",
    is_flag=True,
    help="Also ask the questions of corpus/evaluation, to see which documents none of them finds.",
)
@click.option(
    "--links",
    "looking",
    is_flag=True,
    help="Also look where the addresses of documents lead; asks the web, if that is switched on.",
)
@format_option("table", "json")
@click.pass_context
def check(ctx: click.Context, ask: bool, looking: bool, layout: str) -> None:
    """Look the library over; each problem comes with what mends it.

    The exit status is 1 when there is an error, 0 when all is well or there are only notes and
    warnings.
    """
    library = _open(ctx.obj)
    if looking:
        from retriever import connectors, links  # slow to load

        client = connectors.Client(library.settings.web)
        links.look(library.root, client, output.progress_to(sys.stderr))
    checks = library.check(ask, output.progress_to(sys.stderr) if ask else None)
    if layout == "json":
        click.echo(output.as_json([to_dict(item) for item in checks]))
    else:
        click.echo(output.checks_text(checks))
    if any(item.severity == "error" for item in checks):
        ctx.exit(1)


@cli.command(epilog=_example("retriever --library ~/evidence settings"))
@format_option("table", "json")
@click.pass_obj
def settings(root: Path | None, layout: str) -> None:
    """List every setting: its value, its default and where it is set."""
    rows = list_settings(_open(root).root)
    if layout == "json":
        click.echo(output.as_json([to_dict(row) for row in rows]))
    else:
        click.echo(output.settings_table(rows))


@cli.command(
    "map",
    epilog=_example(
        "retriever map --axis deprivation --find screening",
        "retriever map --rows interventions --from-year 2015 --format csv > map.csv",
    ),
)
@click.option(
    "--rows",
    type=click.Choice(tuple(evidence_map.ROWS)),
    default="topics",
    show_default=True,
    help="What the rows are.",
)
@click.option(
    "--axis",
    default="ethnicity",
    show_default=True,
    help="What the groups are by, for example deprivation.",
)
@click.option("--find", default="", help="Only rows with all these words in their name or words.")
@filter_options
@format_option("table", "json", "csv")
@click.pass_obj
def draw_map(
    root: Path | None, rows: str, axis: str, find: str, filters: Filters, layout: str
) -> None:
    """Map topics or interventions against population groups: what is reported for whom.

    Documents count once in each cell: they report something for the group, or it took part in
    them, or they only mention it. A broader group takes in the narrower ones.
    """
    drawn = _open(root).evidence_map(rows, axis, filters, find)
    if layout == "json":
        click.echo(output.as_json(evidence_map.to_json(drawn)))
    else:
        click.echo(evidence_map.to_csv(drawn) if layout == "csv" else output.map_table(drawn))


@cli.command(
    "overview",
    epilog=_example(
        'retriever overview "bowel cancer screening"',
        "retriever overview intervention:letters --format json",
    ),
)
@click.argument("topic")
@collection_option
@format_option("text", "json")
@click.pass_obj
def show_overview(
    root: Path | None, topic: str, collection: tuple[str, ...], layout: str
) -> None:
    """Say what is held on TOPIC: does it work, for whom, at what cost.

    TOPIC is a topic or an intervention of the vocabularies: its key, its id, its label or words
    for it.
    """
    found = _open(root).overview(_words(topic), Filters(collections=collection))
    if layout == "json":
        from retriever.overview import to_json  # slow to load: not for --help

        click.echo(output.as_json(to_json(found)))
    else:
        click.echo(output.overview_text(found))


@cli.group(
    epilog=_example(
        "retriever vocabulary check",
        "retriever vocabulary list --kind group --axis ethnicity",
        "retriever vocabulary show Bangladeshi",
    ),
)
def vocabulary() -> None:
    """Look at the words by which groups, topics, interventions, outcomes and bodies are known."""


@vocabulary.command("check", epilog=_example("retriever vocabulary check"))
def vocabulary_check() -> None:
    """Check the vocabularies; the first entry that is wrong is named with its line."""
    from retriever import cautions, concepts, gap_effect, organisations, overview, whom_words

    known = concepts.packaged()
    whom_words.check(known)
    cautions.packaged()
    gap_effect.packaged()
    overview.packaged()
    click.echo(output.vocabulary_summary(known, organisations.packaged()))


@vocabulary.command("list", epilog=_example("retriever vocabulary list --kind topic"))
@click.option(
    "--kind", type=click.Choice(["group", "topic", "intervention", "outcome", "organisation"])
)
@click.option("--axis", help="Only groups by this axis, for example ethnicity.")
@format_option("table", "json")
def vocabulary_list(kind: str | None, axis: str | None, layout: str) -> None:
    """List the entries: id, kind, axis, label and what is broader."""
    from retriever import concepts, organisations

    if axis and axis not in concepts.AXES:
        raise click.BadParameter(f"'{axis}' is none of {', '.join(concepts.AXES)}.")
    entries = [
        entry
        for entry in concepts.packaged().words
        if kind in (None, entry.kind) and axis in (None, entry.axis)
    ]
    bodies = organisations.packaged().bodies.values() if not axis else ()
    if kind not in (None, organisations.KIND):
        bodies = ()
    click.echo(output.concept_rows(entries, list(bodies), layout))


@vocabulary.command("show", epilog=_example('retriever vocabulary show "poo test"'))
@click.argument("words")
@format_option("text", "json")
def vocabulary_show(words: str, layout: str) -> None:
    """Show the entries that an id, a label or some words stand for."""
    from retriever import concepts, organisations

    known, bodies = concepts.packaged(), organisations.packaged()
    found, found_bodies = known.find(words), bodies.find(words)
    if not found and not found_bodies:
        raise click.ClickException(
            f"No entry of the vocabularies stands for '{words}'. "
            "`retriever vocabulary list` shows them all."
        )
    click.echo(output.entries_shown(known, found, bodies, found_bodies, layout))


@cli.command(
    epilog=_example(
        "retriever evaluate --half report --answers --format html > report.html",
        "retriever evaluate --questions q.jsonl --judgements j.jsonl --run other=other.run",
    ),
)
@click.option(
    "--questions",
    type=click.Path(path_type=Path),
    help="Questions: a JSONL file, or a folder in BEIR's layout. Default: corpus/evaluation/.",
)
@click.option(
    "--judgements",
    type=click.Path(path_type=Path),
    help="Judgements: JSONL, TREC qrels, or a BEIR folder. Default: those beside or in the "
    "questions.",
)
@click.option(
    "--systems",
    default=",".join(MODES),
    show_default=True,
    help="What is compared, with commas between.",
)
@click.option(
    "--measures",
    default="nDCG@10,R@20,RR@10,Success@5,Judged@10",
    show_default=True,
    help="Measures as ir_measures writes them, with commas between.",
)
@click.option(
    "--baseline", help="What the others are compared with. Default: hybrid, or else the first."
)
@click.option(
    "--run",
    "run_files",
    multiple=True,
    metavar="NAME=FILE",
    help="Another engine's ranking, a TREC run of passage or document ids. May be given again.",
)
@click.option("--half", type=click.Choice(["develop", "report"]), help="Only these questions.")
@click.option("--answers", is_flag=True, help="Also measure the findings and the refusals.")
@click.option("--keep", "kept", is_flag=True, help="Keep the result in evaluations/.")
@format_option("table", "json", "csv", "html")
@click.pass_obj
def evaluate(
    root: Path | None,
    questions: Path | None,
    judgements: Path | None,
    systems: str,
    measures: str,
    baseline: str | None,
    run_files: tuple[str, ...],
    half: str | None,
    answers: bool,
    kept: bool,
    layout: str,
) -> None:
    """Measure how well judged passages are found, and compare systems."""
    from retriever import evaluation, evaluation_files, report  # slow to load: not for --help

    library = _open(root)
    inputs = evaluation_files.read_inputs(library.root, questions, judgements, half or "")
    result = evaluation.evaluate(
        library,
        *inputs,
        _listed(systems),
        _listed(measures),
        baseline=baseline,
        runs=_runs(run_files),
        answers=answers,
        progress=_steps(),
    )
    if kept:
        path = evaluation_files.keep(result, library.root / evaluation_files.KEPT)
        click.echo(f"Kept as {path}", err=True)
    click.echo(report.FORMATS[layout](result))


def _listed(text: str) -> list[str]:
    """The parts between commas, but for commas inside brackets: `nDCG(dcg='exp-log2')@10`."""
    return [part.strip() for part in re.split(r",(?![^(]*\))", text) if part.strip()]


def _runs(given: tuple[str, ...]) -> dict[str, Run]:
    from retriever.judgements import read_run

    runs = {}
    for one in given:
        name, equals, path = one.partition("=")
        if not (name and equals and path) or name in runs:
            raise click.UsageError(f"--run '{one}': give each run a name of its own, NAME=FILE.")
        runs[name] = read_run(Path(path))
    return runs


def _steps() -> Callable[[int, int, str], None]:
    show = output.progress_to(sys.stderr)
    return lambda done, total, text: show(Progress("asking", done, total, text))


for command in (
    *cli_desk.COMMANDS, *cli_add.COMMANDS, cli_web.fetch, backup, restore_backup, collection
):  # fmt: skip
    cli.add_command(command)
cli_keep.register(cli)


def main() -> None:
    """Run the command line; what this terminal cannot print is shown by its code point."""
    for stream, errors in (
        (sys.stdin, "replace"),
        (sys.stdout, "backslashreplace"),
        (sys.stderr, "backslashreplace"),
    ):
        if isinstance(stream, TextIOWrapper):  # None when a caller has closed it
            stream.reconfigure(errors=errors)
    cli(prog_name="retriever")


if __name__ == "__main__":
    main()
