"""Tables for the pages that the benchmarks write."""


def markdown(table, form="{}"):
    """A DataFrame as a Markdown table, with all values in the same format."""
    lines = [["", *map(str, table.columns)], ["---"] * (1 + table.shape[1])]
    lines += [[str(name), *map(form.format, row)] for name, row in zip(table.index, table.to_numpy())]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)
