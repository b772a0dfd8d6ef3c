#!/usr/bin/python3
"""help - what the program, its manual page and its completion say is the same.

  help.py FIELDPOSTCTL MANUAL COMPLETION AGENT RECEIVER     prints TAP
"""
import os, re, subprocess, sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from clitest import main, says

CTL, MANUAL, COMPLETION, AGENT, RECEIVER = sys.argv[1:6]
SOURCE = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
GROUPS = ('forms', 'drafts', 'server', 'tag', 'periodic', 'settings')
COMMON = {'--json', '--help', '--version'}


def commands(ctl, *group):
    found = []
    for line in ctl(*group, '--help').split('\n'):
        words = re.match(r'  ([a-z][a-z -]*[a-z]|[a-z]+)', line)
        if words:
            name = words[1].split()[len(group)] if len(words[1].split()) > len(group) else None
            if name:
                found.append(name)
    return found


def options(ctl, *command):
    return set(re.findall(r'^  (?:-\w, )?(--[a-z-]+)', ctl(*command, '--help'), re.M))


def every(ctl):
    for name in commands(ctl):
        if name in GROUPS:
            for inner in commands(ctl, name):
                yield name, inner
        else:
            yield name,


def manual(path=MANUAL):
    with open(path) as f:
        text = f.read()
    return re.sub(r'\\f[A-Z]', '', text).replace('\\-', '-')


def test_every_command_is_in_the_manual(ctl, server):
    text = manual()
    for command in every(ctl):
        for word in command:
            assert re.search(r'(?<![\w-])%s(?![\w-])' % word, text), ' '.join(command)


def test_help_names_its_command_before_or_after(ctl, server):
    assert ctl('help', 'add') == ctl('add', '--help')
    assert ctl('help', 'server', 'add') == ctl('server', 'add', '--help')
    assert ctl('help', 'server') == ctl('server', '--help') == ctl('server', 'help')
    ctl('help', 'nosuch', code=2)


def test_every_option_is_in_the_manual_and_back(ctl, server):
    text, known = manual(), set(COMMON)
    for command in every(ctl):
        known |= options(ctl, *command)
    said = set(re.findall(r'(?<![\w-])--[a-z][a-z-]*', text))
    assert known - said - COMMON == set(), 'not in the manual: %s' % (known - said - COMMON)
    assert said - known == set(), 'only in the manual: %s' % (said - known)


def test_the_manuals_of_the_services_have_their_options(ctl, server):
    for program, page in ((AGENT, 'fieldpost-agent.1'), (RECEIVER, 'fieldpost-receiver.1')):
        run = subprocess.run([program, '--help'], env=ctl.env, capture_output=True, text=True, timeout=60)
        known = set(re.findall(r'^  (?:-\w, )?(--[a-z-]+)', run.stdout, re.M)) - {'--help'}
        text = manual(os.path.join(os.path.dirname(MANUAL), page))
        said = set(re.findall(r'(?<![\w-])--[a-z][a-z-]*', text))
        assert len(known) > 3 and known == said, (page, known ^ said)


def test_what_the_environment_changes_is_in_a_manual(ctl, server):
    read = set()
    for folder, _, names in os.walk(os.path.join(SOURCE, 'src')):
        for name in names:
            if name.endswith('.c'):
                with open(os.path.join(folder, name)) as f:
                    read |= set(re.findall(r'g_getenv \("([A-Z_]+)"\)', f.read()))
    text = manual() + manual(os.path.join(os.path.dirname(MANUAL), 'fieldpost-agent.1'))
    said = set(re.findall(r'^\.B ([A-Z][A-Z_]+)$', text, re.M))
    assert {'FIELDPOST_DATA', 'FIELDPOST_LINK'} <= read and read == said, read ^ said


def test_what_the_manual_names_is_installed(ctl, server):
    folder = os.path.join(os.path.dirname(os.path.dirname(MANUAL)), 'docs')
    with open(os.path.join(folder, 'meson.build')) as f:
        installed = set(re.findall(r"'([^']+\.(?:md|sh|py))'", f.read()))
    there = {name for name in os.listdir(folder) if name.endswith('.md')}
    there |= {'examples/' + name for name in os.listdir(os.path.join(folder, 'examples'))}
    assert there == installed, there ^ installed
    for page in ('fieldpostctl.1', 'fieldpost-agent.1', 'fieldpost-receiver.1'):
        text = manual(os.path.join(os.path.dirname(MANUAL), page))
        assert '@DOCDIR@/' in text, page
        assert set(re.findall(r'[\w-]+\.md', text)) <= installed, page


def test_the_receivers_faults_are_in_its_manual(ctl, server):
    docs = os.path.join(os.path.dirname(os.path.dirname(MANUAL)), 'docs', 'receiver.md')
    with open(docs) as f:
        script = f.read().split('## Fault scripts')[1].split('## Lines')[0]
    text = manual(os.path.join(os.path.dirname(MANUAL), 'fieldpost-receiver.1'))
    for row in re.findall(r'^\| (`.*?) \|', script, re.M):
        for word in re.findall(r'(?<![\w-])[a-z][a-z-]+|\d+%', row):
            assert re.search(r'(?<![\w-])%s(?![\w-])' % word, text), word


def complete(ctl, *words):
    """What bash offers for the last of the words."""
    script = 'compopt () { :; }; . "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _fieldpostctl; ' \
             'printf "%s\\n" "${COMPREPLY[@]}"'
    env = dict(ctl.env, PATH=os.path.dirname(CTL) + ':' + os.environ['PATH'])
    run = subprocess.run(['bash', '-c', script, 'bash', COMPLETION, 'fieldpostctl', *words], env=env,
                         capture_output=True, text=True, timeout=60)
    assert run.returncode == 0 and run.stderr == '', run
    return set(run.stdout.split())


def test_completion_knows_what_the_program_knows(ctl, server):
    assert set(commands(ctl)) <= complete(ctl, '')
    assert complete(ctl, 'exp') == {'export'}
    for group in GROUPS:
        assert set(commands(ctl, group)) <= complete(ctl, group, ''), group
    for command in every(ctl):
        assert options(ctl, *command) <= complete(ctl, *command, '--'), command
    ctl('add', '--tag', 'mine', server.url)
    ctl('add', '--tag', 'yours', server.url)
    ctl('forms', 'new', '--title', 'Trees', 'text:Name')
    ctl('server', 'add', server.url, '--plain')
    assert complete(ctl, 'show', '') == {'1', '2'} and complete(ctl, 'undo', '') == set()
    ctl('add', '--tag', 'mine', '--form', 'a=1', '--form', 'b=2', server.url)
    assert complete(ctl, 'show', '3', '--part', '') == {'1', '2'}
    assert complete(ctl, 'list', '--state', 'p') == {'pending'} and complete(ctl, 'list', '--tag', '') == {'mine', 'yours'}
    ctl('tag', 'set', 'clicks', '--url', server.url)
    assert complete(ctl, 'sync', '') == {'mine', 'yours', 'clicks', 'register', 'unregister'}
    assert complete(ctl, 'event', '') == {'clicks'} and complete(ctl, 'tag', 'remove', '') == {'clicks'}
    assert complete(ctl, 'event', 'clicks', '') == set() and complete(ctl, 'settings', 'set', 'work-offline', '') == set()
    names = {setting['name'] for setting in ctl.json('settings', 'list')}
    for command in ('get', 'set', 'reset'):
        assert names == complete(ctl, 'settings', command, ''), command
    assert complete(ctl, 'fill', 't') == {'trees'} and complete(ctl, 'server', 'test', '') == {'1'}


main('help', globals(), CTL)
