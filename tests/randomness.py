"""Where code draws from a global generator, found in its syntax."""

import ast

SEEDED = {"default_rng", "Generator", "SeedSequence", "PCG64"}  # of numpy.random: they take their seed
OWN = {"Random"}  # of random, when given a seed
DRAWS = {
    "rand", "randn", "randint", "randperm", "normal", "multinomial", "bernoulli", "poisson", "rand_like", "randn_like",
    "randint_like",
}  # fmt: skip
IN_PLACE = {
    "normal_", "uniform_", "random_", "bernoulli_", "exponential_", "geometric_", "cauchy_", "log_normal_",
    "xavier_uniform_", "xavier_normal_", "kaiming_uniform_", "kaiming_normal_", "orthogonal_", "trunc_normal_", "sparse_",
}  # fmt: skip
GLOBAL_SEEDS = {"torch.manual_seed", "torch.seed", "torch.cuda.manual_seed", "torch.cuda.manual_seed_all"}


def draws_from_global(source: str) -> list[str]:
    """Return `line N: name` for each call in `source` that reads or moves a global generator, or seeds from `hash`."""
    tree = ast.parse(source)
    names, found = _imported(tree), []
    forked = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.With) and any(_called(item.context_expr).endswith("fork_rng") for item in node.items)
        for inner in ast.walk(node)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            name = _full(node.func, names)
            with_generator = any(keyword.arg == "generator" for keyword in node.keywords)
            if _is_global(name, bool(node.args or node.keywords), with_generator, id(node) in forked):
                found.append(f"line {node.lineno}: {name}")
    return found


def _is_global(name: str, given: bool, with_generator: bool, forked: bool) -> bool:
    """Say whether a call of `name` needs a global generator. given: it has arguments. forked: inside of `fork_rng`."""
    package, _, last = name.rpartition(".")
    if package in ("numpy.random", "random"):
        return last not in (SEEDED if package == "numpy.random" else OWN) or not given
    if name in GLOBAL_SEEDS:
        return not forked
    if (package == "torch" and last in DRAWS) or last in IN_PLACE:
        return not with_generator and not forked
    return name == "hash"


def _imported(tree: ast.AST) -> dict[str, str]:
    """Return what each imported name stands for: `np` for `numpy`, `randint` for `torch.randint`."""
    names = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for one in node.names:
                names[one.asname or one.name.split(".")[0]] = one.name if one.asname else one.name.split(".")[0]
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names |= {one.asname or one.name: f"{node.module}.{one.name}" for one in node.names}
    return names


def _full(node: ast.expr, names: dict[str, str]) -> str:
    """Return the dotted name that is called, imports spelt out; of what is no name, the last attribute alone."""
    if isinstance(node, ast.Name):
        return names.get(node.id, node.id)
    if isinstance(node, ast.Attribute):
        return f"{_full(node.value, names)}.{node.attr}"
    return ""


def _called(node: ast.expr) -> str:
    return _full(node.func, {}) if isinstance(node, ast.Call) else ""
