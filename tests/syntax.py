"""The code of a class as a text, to compare what a notebook shows with the package."""

import ast


def methods(tree):
    """Return the code of a class's methods, without docstrings and type hints."""
    found = [node for node in tree.body if isinstance(node, ast.FunctionDef)]
    for method in found:
        method.returns = None
        for argument in ast.walk(method.args):
            if isinstance(argument, ast.arg):
                argument.annotation = None
        if ast.get_docstring(method):
            del method.body[0]
    return [ast.unparse(method).replace("networks.check_sizes", "check_sizes") for method in found]
