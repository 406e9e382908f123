"""Compiles every module below directories to byte code that is used unchecked (PEP 552), without docstrings.

`byte_code.py ROOT DIRECTORY…`: ROOT is left out of the file names in tracebacks. Nobody reads docstrings in
the image, whose sources have them; each process would hold them in memory, some 1.3 MiB of a turn's.
`python -OO` drops them too, but assertions as well, and a dataclass without a docstring has one made up by
way of `inspect`, which costs more: so these keep theirs.
"""

from __future__ import annotations

import ast
import importlib.util
import marshal
import sys
from pathlib import Path

UNCHECKED_HASH = 1


def is_dataclass(node: ast.AST) -> bool:
    """`@dataclass`, `@dataclasses.dataclass`, with arguments or without."""
    named = [ast.unparse(decorator).partition("(")[0] for decorator in getattr(node, "decorator_list", [])]
    return isinstance(node, ast.ClassDef) and any(name.split(".")[-1] == "dataclass" for name in named)


def without_docstrings(tree: ast.Module) -> ast.Module:
    """The same, with what `-OO` would drop of it but assertions."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        if not is_dataclass(node) and ast.get_docstring(node, clean=False) is not None:
            alone = len(node.body) == 1 and not isinstance(node, ast.Module)
            node.body[:1] = [ast.copy_location(ast.Pass(), node.body[0])] if alone else []
    return tree


def compile_to_byte_code(source: Path, name: str) -> None:
    """Write the `.pyc` of a module that calls itself `name` in tracebacks."""
    content = source.read_bytes()
    code = compile(without_docstrings(ast.parse(content)), name, "exec", dont_inherit=True, optimize=0)
    header = (
        importlib.util.MAGIC_NUMBER
        + UNCHECKED_HASH.to_bytes(4, "little")
        + importlib.util.source_hash(content)
    )
    target = Path(importlib.util.cache_from_source(str(source)))
    target.parent.mkdir(exist_ok=True)
    target.write_bytes(header + marshal.dumps(code))


if __name__ == "__main__":
    root, *directories = map(Path, sys.argv[1:])
    # In one order and by one process: what marshal writes depends on what it has seen.
    for module in sorted(path for directory in directories for path in directory.rglob("*.py")):
        compile_to_byte_code(module, f"/{module.relative_to(root)}")
