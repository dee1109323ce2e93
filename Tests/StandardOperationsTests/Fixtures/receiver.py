"""A web service for the tests: argument 1 gets its port, argument 2 one JSON line per request."""
import http.server
import json
import os
import signal
import sys
import threading

signal.alarm(600)  # whatever happens to the test
log = open(sys.argv[2], "a")
seen = {}
lock = threading.Lock()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        with lock:
            seen[self.path] = count = seen.get(self.path, 0) + 1
            log.write(json.dumps({"path": self.path, "headers": dict(self.headers), "body": body.decode()}) + "\n")
            log.flush()
        kind, _, rest = self.path.strip("/").partition("/")
        if kind == "close":
            self.close_connection = True
            return
        if kind == "slow":
            threading.Event().wait(60)
            return
        status = 503 if kind == "flaky" and count == 1 else int(rest) if kind == "status" else 200
        answer = b"x" * 1_000_000 if kind == "huge" else b"thank you\nsecond line" if status < 300 else b"no thanks"
        try:
            self.send_response(status)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)
        except OSError:
            self.close_connection = True

    def log_message(self, *arguments):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
server.daemon_threads = True
with open(sys.argv[1] + ".new", "w") as file:
    file.write(str(server.server_port))
os.rename(sys.argv[1] + ".new", sys.argv[1])
server.serve_forever()
