"""Programs in processes of their own, forked from one that has imported the library."""

from multiprocessing import get_all_start_methods, get_context

# to import the library takes longer than most of these programs
CONTEXT = get_context("forkserver" if "forkserver" in get_all_start_methods() else "spawn")
if CONTEXT.get_start_method() == "forkserver":
    CONTEXT.set_forkserver_preload(["skbackprop", "pandas"])


def in_another_process(program, **given):
    """The exit code of a process that runs the program with these names, and what it calls `answer`."""
    reader, writer = CONTEXT.Pipe(duplex=False)
    process = CONTEXT.Process(target=_run, args=(program, given, writer))
    process.start()
    writer.close()
    try:
        answer = reader.recv()
    except EOFError:  # it has ended before
        answer = None
    process.join()
    return process.exitcode, answer


def _run(program, given, writer):
    exec(program, given)
    writer.send(given.get("answer"))
