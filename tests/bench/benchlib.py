"""What the benchmarks that start programs share."""
import os
import subprocess
import sys
import tempfile
import time
import urllib.request

BUILD = os.environ['FIELDPOST_BUILD']


def tool(name):
    return os.path.join(BUILD, 'tests', 'bench', name)


def program(name):
    folder = {'fieldpost-agent': 'agent', 'fieldpostctl': 'cli'}[name]
    return os.path.join(BUILD, 'src', folder, name)


def skip(why):
    print(f'skipped: {why}')
    sys.exit(77)


def needs(*programs):
    for name in programs:
        if subprocess.run(['which', name], capture_output=True).returncode != 0:
            skip(f'{name} is not installed')


def folder():
    """A new folder on a disk, not in memory: durability has to cost what it costs."""
    return tempfile.TemporaryDirectory(prefix='fieldpost-bench-', dir=os.environ.get('FP_BENCH_DIR', '/var/tmp'))


def report(name, figure, reference, unit, ratio):
    print(f'{name}: {figure:.4g} {unit} (reference: {reference:.4g} {unit}, ratio {ratio:.2f})', flush=True)


def median(values):
    return sorted(values)[len(values) // 2]


class Server:
    """bench-server: takes everything and says 201."""

    def __enter__(self):
        self.process = subprocess.Popen([tool('bench-server')], stdout=subprocess.PIPE, text=True)
        self.url = f'http://127.0.0.1:{int(self.process.stdout.readline())}'
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()

    def count(self):
        with urllib.request.urlopen(self.url + '/count') as answer:
            return int(answer.read())


def fill(store, url, n, *file):
    subprocess.run([tool('bench-fill'), store, url, str(n), *file], check=True)


def timed(argv, **options):
    began = time.monotonic()
    subprocess.run(argv, check=True, **options)
    return time.monotonic() - began
