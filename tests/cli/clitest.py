"""clitest - what the tests of the command line share: a world of their own, a server, and TAP.

A test is a function test_NAME (ctl, server) that may give a reason why it was skipped; main (PREFIX, globals ()) runs
them all.
"""
import http.server, json, os, shutil, subprocess, sys, tempfile, threading


class Handler(http.server.BaseHTTPRequestHandler):
    """Answers /status/N with N, /hang never, everything else with 201."""
    protocol_version = 'HTTP/1.1'

    def log_message(self, *args):
        pass

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get('Content-Length', 0)))
        self.server.got.append((self.command, self.path, dict(self.headers), body))
        if self.path.startswith('/hang'):
            self.server.over.wait()
        if self.path.startswith('/lost'):
            self.connection.close()
            self.close_connection = True
            return
        status, kind, answer = self.server.answers.get(self.path, (201, 'text/plain', b'ok'))
        if self.path.startswith('/status/'):
            status = int(self.path[8:])
        self.send_response(status)
        self.send_header('Content-Type', kind)
        self.send_header('Content-Length', str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    do_PUT = do_GET = do_DELETE = do_POST


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self):
        super().__init__(('127.0.0.1', 0), Handler)
        self.url = 'http://127.0.0.1:%d' % self.server_port
        self.got, self.answers, self.over = [], {}, threading.Event()
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def handle_error(self, request, address):
        pass


class World:
    def __init__(self, ctl, folder=None):
        self.ctl = ctl
        self.folder = tempfile.mkdtemp(prefix='fieldpost-cli-')
        self.data = os.path.join(self.folder, 'data')
        self.env = dict(os.environ, FIELDPOST_DATA=self.data, FIELDPOST_SECRETS='file', FIELDPOST_LINK='monitor',
                        DBUS_SESSION_BUS_ADDRESS='disabled:', LC_ALL='C.UTF-8')

    def run(self, *words, input=None, **more):
        return subprocess.run([self.ctl, *words], env=self.env, input=input, capture_output=True, text=True,
                              timeout=120, **more)

    def __call__(self, *words, code=0, input=None):
        run = self.run(*words, input=input)
        if code is not None and run.returncode != code:
            raise AssertionError('%s: exit %d, not %d\n%s%s' % (' '.join(words), run.returncode, code, run.stdout,
                                                                run.stderr))
        self.err = run.stderr
        return run.stdout

    def json(self, *words, **more):
        return json.loads(self(*words, '--json', **more))

    def other(self):
        """The same command line on another store."""
        world = World(self.ctl)
        return world

    def path(self, name, content=None):
        path = os.path.join(self.folder, name)
        if content is not None:
            with open(path, 'wb' if isinstance(content, bytes) else 'w') as f:
                f.write(content)
        return path

    def close(self):
        subprocess.run(['chmod', '-R', 'u+rwx', self.folder])
        shutil.rmtree(self.folder)


def says(text, *words):
    for word in words:
        assert word in text, 'no “%s” in: %s' % (word, text)


def main(prefix, names, ctl):
    tests = [(n[5:].replace('_', '-'), f) for n, f in names.items() if n.startswith('test_')]
    print('1..%d' % len(tests), flush=True)
    failed = 0
    for number, (name, func) in enumerate(tests, 1):
        world, server = World(ctl), Server()
        try:
            skipped = func(world, server)
            print('ok %d /%s/%s%s' % (number, prefix, name, ' # SKIP ' + skipped if skipped else ''), flush=True)
        except Exception as error:
            failed += 1
            print('not ok %d /%s/%s' % (number, prefix, name), flush=True)
            for line in ('%s: %s' % (type(error).__name__, error)).split('\n'):
                print('# ' + line, flush=True)
        finally:
            server.over.set()
            server.shutdown()
            server.server_close()
            world.close()
    sys.exit(failed > 0)
