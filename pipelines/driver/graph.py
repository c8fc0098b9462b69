"""Walks on the graph of stages: pure functions of which name needs which."""

from collections.abc import Iterator, Mapping, Set

from pipelines.driver import dag

Graph = Mapping[str, Set[str]]  # a stage, `filter@SLUG` for one of a class -> the stages that it directly depends on


def ancestors(graph: Graph, targets: Set[str]) -> set[str]:
    """Return the targets and all that they depend on."""
    found: set[str] = set()
    waiting = set(targets)
    while waiting:
        name = waiting.pop()
        found.add(name)
        waiting |= graph[name] - found
    return found


def descendants(graph: Graph, sources: Set[str]) -> set[str]:
    """Return the sources and all that depends on them."""
    needed_by: dict[str, set[str]] = {}
    for name, needs in graph.items():
        for need in needs:
            needed_by.setdefault(need, set()).add(name)
    return ancestors({name: needed_by.get(name, set()) for name in {*graph, *sources}}, sources)


def breadth_first(graph: Graph) -> Iterator[str]:
    """Yield the names so that each comes after all that it needs, the widest steps first."""
    done: set[str] = set()
    while len(done) < len(graph):
        ready = sorted(name for name, needs in graph.items() if name not in done and needs <= done)
        assert ready, "DVC does not allow a circle"
        yield from ready
        done |= set(ready)


def part(graph: Graph, names: Set[str]) -> dict[str, set[str]]:
    """Return the graph of `names` alone."""
    return {name: set(needs & names) for name, needs in graph.items() if name in names}


def expand(graph: Graph, targets: list[str]) -> set[str]:
    """Return the names in the graph of the targets; all names for no targets.

    `train` means every `train@CLASS`, and the plan, without which nobody knows the classes.
    """
    if not targets:
        return set(graph)
    planned = {"plan"} if any(dag.stage_named(target).per_class for target in targets) else set()
    return {name for name in graph if name.split("@")[0] in targets} | planned
