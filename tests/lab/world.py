"""world.py - the far end of the lab's cable: 10.99.0.1 on w0, in a network namespace of its own.

Says "up", then takes one word a line on stdin and answers "ok":
  full      GET /check is the page that NetworkManager looks for
  portal    every page but /login redirects to a sign-in page
  limited   nothing listens
  offline   the cable is out
Every request is logged to the file of the first argument with its time and the world that it met.
"""
import http.server, socketserver, subprocess, sys, threading, time

world, server = 'full', None


class Handler(http.server.BaseHTTPRequestHandler):
    def answer(self):
        self.rfile.read(int(self.headers.get('Content-Length') or 0))
        with open(sys.argv[1], 'a') as f:
            f.write(f'{time.time():.3f} {world} {self.command} {self.path}\n')
        code, kind, body = 404, 'text/plain', b'nothing here\n'
        if world == 'portal':
            code, kind, body = 200, 'text/html', b'<html><title>Hotel</title>Sign in</html>\n'
            if self.path != '/login':
                code = 302
        elif self.path == '/check':
            code, body = 200, b'NetworkManager is online\n'
        self.send_response(code)
        self.send_header('Content-Type', kind)
        self.send_header('Content-Length', str(len(body)))
        self.send_header('Connection', 'close')
        if code == 302:
            self.send_header('Location', 'http://10.99.0.1/login')
        self.end_headers()
        if self.command != 'HEAD':
            self.wfile.write(body)

    do_GET = do_POST = do_PUT = do_HEAD = do_DELETE = answer

    def log_message(self, *_):
        pass


class Server(socketserver.ThreadingMixIn, http.server.HTTPServer):
    daemon_threads = True
    allow_reuse_address = True


def ip(*argv):
    subprocess.run(['ip', *argv], check=True)


def listen(on):
    global server
    if on and not server:
        server = Server(('0.0.0.0', 80), Handler)
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    elif not on and server:
        server.shutdown()
        server.server_close()
        server = None


def main():
    global world
    ip('link', 'set', 'lo', 'up')
    print('up', flush=True)
    addressed = False
    for line in sys.stdin:
        world = line.strip()
        try:
            if not addressed:
                ip('addr', 'add', '10.99.0.1/24', 'dev', 'w0')
                addressed = True
            listen(world != 'limited')
            ip('link', 'set', 'w0', 'down' if world == 'offline' else 'up')
            print('ok', flush=True)
        except (OSError, subprocess.CalledProcessError) as e:
            print('error:', e, flush=True)


main()
