#!/usr/bin/python3
"""bench-send [small|files] — empties a full outbox, against curl sending the same to the same server.

small: 10,000 requests with 200 bytes; every receipt is durable at the end. files: 100 uploads of 10 MB, streamed from
the blob folder. Small ones are also compared with plain libsoup: what the library alone can do. All sides are whole
processes, from start to exit, at most four requests at once. Rounds alternate.
"""
import os
import sys

import benchlib

ROUNDS = 3


def curl(path, url, n, options):
    one = f'silent\nfail\nurl = "{url}"\noutput = "/dev/null"\nheader = "Expect:"\n{options}\n'
    with open(path, 'w') as config:
        config.write('next\n'.join([one] * n))
    return benchlib.timed(['curl', '--parallel', '--parallel-max', '4', '--config', path])


def soup(url, n):
    return benchlib.timed([benchlib.tool('bench-soup'), url, str(n)])


def compare(name, n, size, unit, options, *file):
    ours, theirs, library = [], [], []
    with benchlib.folder() as folder, benchlib.Server() as server:
        for i in range(ROUNDS):
            store = os.path.join(folder, f'store{i}')
            benchlib.fill(store, server.url + '/report', n, *file)
            before = server.count()
            ours.append(benchlib.timed([os.path.join(benchlib.BUILD, 'tests', 'crash-drain'), store]))
            assert server.count() - before == n, 'not everything arrived once'
            theirs.append(curl(os.path.join(folder, 'config'), server.url + '/report', n, options))
            assert server.count() - before == 2 * n, 'curl did not send everything'
            if not file:
                library.append(soup(server.url + '/report', n))
    a, b = n * size / benchlib.median(ours), n * size / benchlib.median(theirs)
    benchlib.report(name, a, b, unit, a / b)
    if library:
        c = n / benchlib.median(library)
        benchlib.report(name + ', against plain libsoup', a, c, unit, a / c)


def small():
    body = '{\\"answers\\":\\"' + 'x' * 180 + '\\"}'
    compare('10,000 small requests', 10000, 1, 'a second', f'header = "Content-Type: application/json"\ndata = "{body}"')


def files():
    with benchlib.folder() as folder:
        path = os.path.join(folder, 'photo')
        with open(path, 'wb') as file:
            file.write(os.urandom(10_000_000))
        compare('100 files of 10 MB', 100, 10, 'MB a second', f'data-binary = "@{path}"', path)


benchlib.needs('curl')
{'small': small, 'files': files}[sys.argv[1]]()
