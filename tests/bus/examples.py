#!/usr/bin/python3
"""examples - the worked examples of data/docs run as they stand, and dbus.md names everything that there is.

  examples.py SOURCE BUILD     prints TAP
"""
import os, re, shutil, subprocess, sys, tempfile, time

SOURCE, BUILD = sys.argv[1:3]
EXAMPLES = os.path.join(SOURCE, 'data', 'docs', 'examples')
PROGRAMS = [os.path.join(BUILD, 'src', name) for name in ('cli', 'agent', 'receiver')]


def read(*names):
    with open(os.path.join(SOURCE, *names)) as file:
        return file.read()


def test_every_name_is_documented():
    xml = read('data', 'dbus', 'io.github.fieldpost.Fieldpost.Agent.xml')
    text = read('data', 'docs', 'dbus.md')
    names = re.findall(r'<(?:method|signal|property) name="(\w+)"', xml)
    names += re.findall(r'FP_BUS_ERROR_PREFIX "(\w+)"', read('src', 'bus', 'fp-bus-error.c'))
    assert len(names) > 40, names
    missing = [name for name in names if '`%s`' % name not in text]
    assert not missing, missing


class World:
    """A bus, an agent and a receiver, all its own."""
    def __enter__(self):
        self.folder = tempfile.mkdtemp(prefix='fieldpost-examples-')
        port = os.path.join(self.folder, 'port')
        self.kept = os.path.join(self.folder, 'kept')
        self.receiver = subprocess.Popen([os.path.join(PROGRAMS[2], 'fieldpost-receiver'), '--port', '0', '--port-file',
                                          port, '--dir', self.kept], stdout=subprocess.DEVNULL)
        while not (os.path.exists(port) and os.path.getsize(port)):
            time.sleep(0.02)
        with open(port) as file:
            self.url = 'http://127.0.0.1:%s/inbox/example' % file.read().strip()
        self.bus = subprocess.Popen(['dbus-daemon', '--session', '--nofork', '--print-address=1'],
                                    stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        self.env = dict(os.environ, DBUS_SESSION_BUS_ADDRESS=self.bus.stdout.readline().strip(), LC_ALL='C.UTF-8',
                        FIELDPOST_DATA=os.path.join(self.folder, 'data'), FIELDPOST_SECRETS='file',
                        FIELDPOST_LINK='monitor', PATH=':'.join(PROGRAMS + [os.environ['PATH']]))
        # Leaks of an interpreter are not ours.
        self.env['ASAN_OPTIONS'] = 'detect_leaks=0'
        self.agent = subprocess.Popen(['fieldpost-agent', '--no-tray', '--verbose'], env=self.env,
                                      executable=shutil.which('fieldpost-agent', path=self.env['PATH']),
                                      stdout=subprocess.PIPE, text=True)
        while not self.agent.stdout.readline().startswith('sending'):
            pass
        return self

    def run(self, *words):
        return subprocess.run(words, env=self.env, stdout=subprocess.PIPE, text=True, timeout=60, check=True).stdout

    def has_kept(self, content):
        """Whether some file that the receiver keeps is, or holds, @content."""
        for folder, _, names in os.walk(self.kept):
            for name in names:
                with open(os.path.join(folder, name), 'rb') as file:
                    if content in file.read():
                        return True
        return False

    def __exit__(self, *error):
        self.agent.terminate()
        self.agent.wait(20)
        self.agent.stdout.close()
        self.bus.terminate()
        self.bus.wait(20)
        self.bus.stdout.close()
        self.receiver.terminate()
        self.receiver.wait(20)
        shutil.rmtree(self.folder)


def test_queue_a_request():
    with World() as world:
        said = world.run(os.path.join(EXAMPLES, 'queue-a-request.sh'), world.url)
        assert 'queued as item 1' in said and '201' in said, said
        assert world.has_kept(b'{"crop": "maize", "kg": 12}')


def test_queue_and_hear():
    with World() as world:
        path = os.path.join(world.folder, 'large')
        with open(path, 'wb') as file:
            file.write(os.urandom(2 << 20))
        said = world.run('/usr/bin/python3', os.path.join(EXAMPLES, 'queue-and-hear.py'), path, world.url)
        assert 'queued as item 1' in said and 'delivered: 201' in said, said
        with open(path, 'rb') as file:
            assert world.has_kept(file.read())


def main():
    tests = [(n[5:].replace('_', '-'), f) for n, f in globals().items() if n.startswith('test_')]
    print('1..%d' % len(tests), flush=True)
    failed = 0
    for number, (name, func) in enumerate(tests, 1):
        try:
            func()
            print('ok %d /examples/%s' % (number, name), flush=True)
        except Exception as error:
            failed += 1
            print('not ok %d /examples/%s' % (number, name), flush=True)
            print('# ' + ('%s: %s' % (type(error).__name__, error)).replace('\n', '\n# '), flush=True)
    sys.exit(failed > 0)


main()
