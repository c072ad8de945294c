"""Tables of the pages that the benchmarks write."""


def markdown(table, form="{}"):
    """A frame as a table of Markdown, every value in one form."""
    lines = [["", *map(str, table.columns)], ["---"] * (1 + table.shape[1])]
    lines += [[str(name), *map(form.format, row)] for name, row in zip(table.index, table.to_numpy())]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)
