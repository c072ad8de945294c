"""Time and memory of fits, predictions and searches: scikit-learn's MLP, PyTorch, JAX and others.

    python -m pip install -e ".[performance]"
    python examples/benchmarks/performance.py --write docs/performance.md

Every library ("peer") runs in its own process; the number of threads is set before it imports anything. The
peers of a table are measured in turn, round by round. A ratio is the median of the ratios of all rounds.
Every measurement is one line in the file of results and is not repeated, so that a run that was stopped can
continue. The page and its plots are made from that file. A peer whose package is missing is left out.
`torch.compile` needs a C++ compiler. Run nothing else at the same time: a whole run takes 25 minutes on two
cores.

    python examples/benchmarks/performance.py --tables epoch search --rounds 3
    python examples/benchmarks/performance.py --repeats 1    # a quick test that stores nothing
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from performance_footprint import footprints
from performance_plan import COMPILED, QUICK, Scale, groups
from performance_results import case_of, cell_of, key, read

FOLDER = Path(__file__).parent
TABLES = ["epoch", "start", "reach", "calls", "search", "memory", "growth", "footprint"]
PAUSE = 0.02  # seconds, so that the threads of the previous peer stop spinning


class Workers:
    """The processes of the peers. Each starts at its first request; `cache` is a folder of compiled code."""

    def __init__(self, n_threads, cache):
        self.n_threads, self.cache = n_threads, str(cache)
        self.processes = {}

    def start(self):
        counts = {f"{name}_NUM_THREADS": str(self.n_threads) for name in ("OPENBLAS", "OMP", "MKL", "NUMBA")}
        paths = filter(None, [str(FOLDER), os.environ.get("PYTHONPATH")])
        caches = {"TORCHINDUCTOR_CACHE_DIR": self.cache, "NUMBA_CACHE_DIR": self.cache}
        return subprocess.Popen(
            [sys.executable, "-c", f"from performance_worker import serve; serve({self.n_threads})"],
            env={**os.environ, **counts, **caches, "PYTHONPATH": os.pathsep.join(paths)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )

    def ask(self, peer, request=None):
        """The answer to a request; without a request, the next round of the last one."""
        if peer not in self.processes:
            self.processes[peer] = self.start()
        process = self.processes[peer]
        time.sleep(PAUSE)
        try:
            print(json.dumps(request), file=process.stdin, flush=True)
        except BrokenPipeError:
            return {"failed": "its process has ended"}
        answer = process.stdout.readline()
        return json.loads(answer) if answer else {"failed": "its process ended"}

    def close(self):
        for process in self.processes.values():
            process.communicate()


class Run:
    """Which measurements are done, missing or failed."""

    def __init__(self, options, cache):
        self.options, self.cache = options, cache
        self.done = {key(line) for line in read(options.results)}
        self.missing, self.n_failed = set(), 0

    def keep(self, line):
        with open(self.options.results, "a") as file:
            file.write(json.dumps(line) + "\n")
        self.done.add(key(line))
        case = case_of(line) if "case" in line else ""
        found = {name: line[name] for name in ("first", "start_up", "seconds", "bytes") if name in line}
        found = ", ".join(f"{name} {value:.4g}" for name, value in found.items())
        print(f"{line['table']}, {case}, {line['peer']}, round {line['round']}: {found}", flush=True)

    def measure(self, group):
        """The rounds of a group that lack a peer. They are repeated as a whole, as ratios need one round."""
        n_rounds = min(self.options.rounds, group.max_rounds)
        peers = [peer for peer in group.peers if peer in self.options.peers and peer not in self.missing]
        workers = Workers(group.n_threads, self.cache)
        try:
            for case, settings in group.items:
                cell = cell_of(group, case, settings)
                lacking = {peer: self.lacking(cell, peer, n_rounds) for peer in peers}
                new = self.ready(workers, group, cell, [peer for peer in peers if lacking[peer]])
                if new:
                    others = [peer for peer in peers if not lacking[peer]]
                    ready = new | self.ready(workers, group, cell, others)
                    rounds = sorted(set().union(*(lacking[peer] for peer in new)))
                    self.measure_cell(workers, cell, [peer for peer in peers if peer in ready], ready, rounds)
        finally:
            workers.close()

    def lacking(self, cell, peer, n_rounds):
        lines = [{**cell, "peer": peer, "round": number} for number in range(n_rounds)]
        return {line["round"] for line in lines if key(line) not in self.done}

    def ready(self, workers, group, cell, peers):
        """The answers of the peers after their set-up, without the peers that failed."""
        request = {"measure": group.measure, "case": cell["case"], "settings": cell["settings"]}
        answers = {
            peer: workers.ask(peer, {"peer": peer, **request}) for peer in peers if peer not in self.missing
        }
        return {peer: answer for peer, answer in answers.items() if self.is_usable(peer, answer)}

    def measure_cell(self, workers, cell, peers, ready, rounds):
        for number in rounds:
            for peer in peers:
                answer = workers.ask(peer)
                if self.is_usable(peer, answer):
                    self.keep({**cell, "peer": peer, "round": number, **ready[peer], **answer})

    def is_usable(self, peer, answer):
        """Whether there is an answer; prints the reason if not."""
        if "missing" in answer:
            print(f"{peer} is left out: {answer['missing']}", flush=True)
            self.missing.add(peer)
        elif "failed" in answer:
            print(f"{peer} failed: {answer['failed']}", flush=True)
            self.n_failed += 1
        return not answer.keys() & {"missing", "failed"}

    def measure_footprints(self):
        for line in footprints(self.options.rounds, self.done):
            self.keep(line)


def parse():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    peers = dict.fromkeys(peer for group in groups(Scale()) for peer in group.peers)
    parser.add_argument("--tables", nargs="+", choices=TABLES, default=TABLES, metavar="TABLE")
    parser.add_argument("--peers", nargs="+", choices=peers, default=list(peers), metavar="PEER")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--results", type=Path, default=Path("performance_results.jsonl"))
    parser.add_argument("--write", type=Path, help="the page to write; plots go to _static next to it")
    parser.add_argument("--repeats", type=int, help="a quick test of so many short rounds; stores nothing")
    options = parser.parse_args()
    options.scale = Scale()
    if options.repeats:
        options.scale, options.rounds = QUICK, options.repeats
        options.peers = [
            peer for peer in options.peers if peer not in COMPILED
        ]  # a C++ compiler takes its time
    return options


def main():
    options = parse()
    with tempfile.TemporaryDirectory() as folder:
        if options.repeats:
            options.results = Path(folder) / "results.jsonl"
        run = Run(options, Path(folder) / "compiled")
        for group in groups(options.scale):
            if group.table in options.tables:
                run.measure(group)
        if "footprint" in options.tables:
            run.measure_footprints()
        from performance_page import page  # only now: a child's peak memory is never below its parent's

        pictures = (options.write or Path(folder) / "page.md").parent / "_static"
        text = page(read(options.results), pictures)
    if options.write:
        options.write.write_text(text)
    print(text)
    if run.n_failed:
        sys.exit(f"{run.n_failed} measurements failed")


if __name__ == "__main__":
    main()
