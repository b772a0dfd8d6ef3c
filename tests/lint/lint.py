#!/usr/bin/python3
"""lint - what the house style can check by itself, over the whole tree.

  lint.py [--tree FOLDER] [RULE…]     one line a problem; status 1 if there is any
  lint.py --tap                       the same as a test, after proving on tests/lint/fixtures that each rule can fail

Data: layers.txt (the table of layers), limits.txt (sizes and the few named exceptions), newer-widgets.txt,
forbidden.txt. A rule is a function that yields "path:line: problem"; its name is the fixture's folder.
"""
import os, re, sys

HERE = os.path.dirname(os.path.abspath(__file__))
TEXT = ('.c', '.h', '.ui', '.py', '.md', '.txt', '.build', '.in', '.xml', '.css', '.sql', '.yml', '.sh', '.desktop',
        '.svg', '.po', '.supp', '.json', '.jsonl', '.csv', '.1', '.service')
GENERATED_FOLDERS = re.compile(r'^(build.*|\.git|__pycache__|\.cache|subprojects)$')


class Tree:
    def __init__(self, root):
        self.root = root
        self.files = []
        for folder, names, files in os.walk(root):
            here = os.path.relpath(folder, root)
            names[:] = sorted(n for n in names if (not GENERATED_FOLDERS.match(n) or n == 'build-aux')
                              and not os.path.exists(os.path.join(folder, n, 'build.ninja')))
            if here == 'tests/lint' and 'fixtures' in names:
                names.remove('fixtures')
            self.files += [os.path.normpath(os.path.join(here, f)) for f in sorted(files)]
        self.texts = {}

    def read(self, path):
        if path not in self.texts:
            with open(os.path.join(self.root, path), 'rb') as f:
                data = f.read()
            self.texts[path] = None if b'\0' in data else data.decode('utf-8', 'replace')
        return self.texts[path]

    def lines(self, path):
        return (self.read(path) or '').split('\n')

    def having(self, *ends, under=''):
        return [f for f in self.files if f.endswith(ends) and f.startswith(under)]

    def sources(self):
        return self.having('.c', '.h', under='src/')


def data_lines(name):
    with open(os.path.join(HERE, name)) as f:
        return [line.rstrip('\n') for line in f if line.strip() and not line.startswith('#')]


def layer_table():
    layers = {}
    for line in data_lines('layers.txt'):
        name, may, libraries = (part.strip() for part in line.split('|'))
        layers[name] = (None if may == '*' else set(may.replace('-', '').split()),
                        [] if libraries == '-' else libraries.split())
    return layers


def limits():
    table = {'file': 700, 'function': 60, 'readme': 15}
    exceptions = {}
    for line in data_lines('limits.txt'):
        words = line.split()
        if words[0] == 'except':
            exceptions[words[1]] = int(words[2])
        else:
            table[words[0]] = int(words[1])
    return table, exceptions


def includes(tree, path):
    for number, line in enumerate(tree.lines(path), 1):
        m = re.match(r'\s*#\s*include\s*([<"])([^">]+)[">]', line)
        if m:
            yield number, m[1] == '"', m[2]


def without_comments(text):
    """The same text, the same lines, with comments and string contents blank."""
    def blank(m):
        return re.sub(r'[^\n]', ' ', m[0]) if m[0].startswith('/') else '""'
    return re.sub(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"', blank, text, flags=re.S)


# ---- rules

def layers(tree):
    """a layer includes only what the table allows, its own header first, with the folder in the line"""
    table = layer_table()
    for path in tree.sources():
        parts = path.split('/')
        if len(parts) < 3:
            yield f'{path}:1: not in a layer'
            continue
        layer = parts[1]
        if layer not in table:
            yield f'{path}:1: {layer} is not in tests/lint/layers.txt'
            continue
        may = table[layer][0]
        own = [name for _, local, name in includes(tree, path) if local and name != 'config.h']
        header = path[len('src/'):-2] + '.h'
        if path.endswith('.c') and 'src/' + header in tree.files and own[:1] not in (
                [header], [header[:-2] + '-private.h']):
            yield f'{path}:1: {header} is not its first include'
        for number, local, name in includes(tree, path):
            folder = name.split('/')[0]
            if local and '/' not in name and name != 'config.h' and not name.endswith(('-generated.h', 'resources.h')) \
                    and not path.startswith('tests/'):
                yield f'{path}:{number}: {name} without its folder'
            if local and folder in table and folder != layer and may is not None and folder not in may:
                yield f'{path}:{number}: {layer} may not include {folder}'
            if local and name.endswith('-private.h') and folder in table and folder != layer:
                yield f'{path}:{number}: {name} is private to {folder}'


def libraries(tree):
    """a fenced library's headers are included only by the layer that owns it"""
    owners = {}
    for layer, (_, prefixes) in layer_table().items():
        for prefix in prefixes:
            owners.setdefault(prefix, []).append(layer)
    for path in tree.sources():
        layer = path.split('/')[1]
        for number, _, name in includes(tree, path):
            for prefix, who in owners.items():
                if (name.startswith(prefix) if prefix.endswith('/') else name.split('/')[-1] == prefix) \
                        and layer not in who:
                    yield f'{path}:{number}: only {" and ".join(who)} may include {name}'


def file_length(tree):
    """no file grows past the limit"""
    table, exceptions = limits()
    for path in tree.having('.c', '.h', '.py') + [f for f in tree.files if f.startswith('build-aux/')]:
        lines = len(tree.lines(path)) - 1
        if lines > exceptions.get(path, table['file']):
            yield f'{path}:{lines}: {lines} lines, more than {exceptions.get(path, table["file"])}'


def functions(tree, path):
    """(name, first line of the definition, lines of the body, is static) of each C function in GNU layout"""
    lines = without_comments(tree.read(path) or '').split('\n')
    start = None
    for i, line in enumerate(lines):
        if line.startswith('{') and i and lines[i - 1].rstrip().endswith(')'):
            start = i
        elif line.startswith('}') and start is not None:
            head = start - 1
            while head > 0 and lines[head - 1].strip() and not lines[head - 1].startswith(('}', '#')) \
                    and not lines[head - 1].rstrip().endswith(';'):
                head -= 1
            text = ' '.join(l.strip() for l in lines[head:start])
            m = re.search(r'(\w+)\s*\(', re.sub(r'\b(G_GNUC_\w+|__attribute__)\s*\(+[^()]*\)+', '', text))
            if m:
                yield m[1], head + 1, i - start - 1, bool(re.search(r'\bstatic\b', text))
            start = None


def function_length(tree):
    """no function grows past the limit"""
    table, exceptions = limits()
    for path in tree.having('.c'):
        for name, line, length, _ in functions(tree, path):
            limit = exceptions.get(f'{path}:{name}', table['function'])
            if length > limit:
                yield f'{path}:{line}: {name} has {length} lines, more than {limit}'


def names(tree):
    """files are fp-… (GTK itself names one), what they define is Fp…, fp_… or FP_…, and a template has the name of its file"""
    for path in tree.sources() + tree.having('.ui', under='src/'):
        base = os.path.basename(path)
        if not re.match(r'^(fp-[a-z0-9-]+\.(c|h|ui)|main\.c|help-overlay\.ui)$', base):
            yield f'{path}:1: a source file is called fp-…'
            continue
        if path.endswith('.ui'):
            camel = ''.join(w.capitalize() for w in base[:-3].split('-'))
            for number, line in enumerate(tree.lines(path), 1):
                m = re.search(r'<template class="(\w+)"', line)
                if m and m[1] != camel:
                    yield f'{path}:{number}: template {m[1]} in a file of {camel}'
            continue
        text = without_comments(tree.read(path) or '')
        for number, line in enumerate(text.split('\n'), 1):
            m = re.match(r'#\s*define\s+(\w+)', line)
            if m and path.endswith('.h') and not re.match(r'_?(FP_|fp_)', m[1]):
                yield f'{path}:{number}: macro {m[1]} in a header does not begin with FP_'
            m = re.match(r'G_(?:DEFINE|DECLARE)_\w*(?:TYPE|INTERFACE)\w*\s*\((\w+)', line)
            if m and not m[1].startswith('Fp'):
                yield f'{path}:{number}: type {m[1]} does not begin with Fp'
        if path.endswith('.c'):
            for name, line, _, static in functions(tree, path):
                if not static and name != 'main' and not re.match(r'_?fp_', name):
                    yield f'{path}:{line}: {name} is visible outside and does not begin with fp_'


def readme(tree):
    """every layer says in a few lines what it is for"""
    limit = limits()[0]['readme']
    for layer in layer_table():
        path = f'src/{layer}/README.md'
        if not any(f.startswith(f'src/{layer}/') and f.endswith('.c') for f in tree.files):
            continue
        if path not in tree.files:
            yield f'{path}:1: missing'
            continue
        lines = tree.lines(path)
        length = len(lines) - 1 if lines[-1] == '' else len(lines)
        if length > limit:
            yield f'{path}:{length}: {length} lines, more than {limit}'


def forbidden(tree):
    """the tree speaks of Fieldpost alone: no paths of one machine, no words of one workplace"""
    patterns = [re.compile(line) for line in data_lines('forbidden.txt')]
    for path in tree.files:
        if path == 'COPYING' or path.endswith('forbidden.txt'):
            continue
        for number, line in enumerate(tree.lines(path), 1):
            for p in patterns:
                m = p.search(line)
                if m:
                    yield f'{path}:{number}: "{m[0]}" has no place in the tree'


def potfiles(tree):
    """every file with a translatable string is in po/POTFILES.in, and nothing else is"""
    listed = [l.strip() for l in tree.lines('po/POTFILES.in') if l.strip() and not l.startswith('#')] \
        if 'po/POTFILES.in' in tree.files else []
    used = set()
    for path in tree.files:
        if path.startswith('src/') and path.endswith('.c'):
            text = re.sub(r'/\*.*?\*/', '', tree.read(path) or '', flags=re.S)
            if re.search(r'\b(_|N_|C_|NC_|ngettext|g_dngettext)\s*\(\s*"', text):
                used.add(path)
        elif path.endswith('.ui') and 'translatable="yes"' in (tree.read(path) or ''):
            used.add(path)
        elif path.endswith(('.desktop.in', '.metainfo.xml.in', '.gschema.xml')):
            used.add(path)
    for path in sorted(used - set(listed)):
        yield f'{path}:1: has translatable strings and is not in po/POTFILES.in'
    for path in sorted(set(listed) - set(tree.files)):
        yield f'po/POTFILES.in:1: {path} does not exist'
    if listed != sorted(listed):
        yield 'po/POTFILES.in:1: not sorted'


def widgets(tree):
    """templates use what GTK 4.8 and libadwaita 1.2 have"""
    newer = {}
    for line in data_lines('newer-widgets.txt'):
        since, *classes = line.split()
        newer.update((c, since) for c in classes)
    for path in tree.having('.ui'):
        for number, line in enumerate(tree.lines(path), 1):
            for name in re.findall(r'(?:class|parent)="((?:Gtk|Adw)\w+)"', line):
                if name in newer:
                    yield f'{path}:{number}: {name} came with {newer[name]}'


def whitespace(tree):
    """no trailing blanks, no tabs in sources, a newline at the end"""
    for path in tree.files:
        if not path.endswith(TEXT) or path.startswith('data/licenses'):
            continue
        lines = tree.lines(path)
        for number, line in enumerate(lines, 1):
            if line != line.rstrip():
                yield f'{path}:{number}: trailing blank'
            elif '\t' in line and path.endswith(('.c', '.h', '.py', '.ui', '.build')):
                yield f'{path}:{number}: tab'
        if lines[-1] != '':
            yield f'{path}:{len(lines)}: no newline at the end'


def calls(tree):
    """calls that have a better replacement here"""
    banned = [line.split(None, 1) for line in data_lines('banned-calls.txt')]
    for path in tree.sources():
        layer = path.split('/')[1]
        for number, line in enumerate(without_comments(tree.read(path) or '').split('\n'), 1):
            for pattern, instead in banned:
                where, _, pattern = pattern.rpartition(':')
                if layer in where.split(','):
                    continue
                m = re.search(r'(?<![\w>.])(' + pattern + r')(?=\s*[(;]|\s+\w+;)', line)
                if m:
                    yield f'{path}:{number}: {m[1]}: {instead}'


RULES = [layers, libraries, file_length, function_length, names, readme, forbidden, potfiles, widgets, whitespace, calls]


def self_test(rule):
    """The fixture of a rule is a small tree; expected.txt has the problems that the rule must find in it, no more."""
    folder = os.path.join(HERE, 'fixtures', rule.__name__)
    try:
        with open(os.path.join(folder, 'expected')) as f:
            expected = f.read().splitlines()
    except OSError:
        return ['has no fixture']
    tree = Tree(os.path.join(folder, 'tree'))
    found = list(rule(tree))
    if not expected:
        return ['the fixture expects nothing']
    return [f'not found: {e}' for e in expected if e not in found] + \
           [f'found too much: {f}' for f in found if f not in expected]


def main(argv):
    root, tap = os.path.dirname(os.path.dirname(HERE)), False
    if argv[:1] == ['--tree'] and len(argv) > 1:
        root, argv = argv[1], argv[2:]
    if argv[:1] == ['--tap']:
        tap, argv = True, argv[1:]
    rules = [r for r in RULES if not argv or r.__name__ in argv]
    if not rules:
        print(__doc__, file=sys.stderr)
        return 2
    tree, status, number = Tree(root), 0, 0

    def report(name, problems):
        nonlocal number, status
        number += 1
        status = status or bool(problems)
        if tap:
            print(f'{"not ok" if problems else "ok"} {number} /lint/{name}')
        for p in problems:
            print(f'# {p}' if tap else p)
    if tap:
        print(f'1..{2 * len(rules)}')
        for rule in rules:
            report(f'{rule.__name__}/can-fail', self_test(rule))
    for rule in rules:
        report(rule.__name__, list(rule(tree)))
    return status


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
