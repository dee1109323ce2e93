#!/usr/bin/env python3
# Part of daqd
# SPDX-License-Identifier: MIT
"""A shutter controller that is not there: answers POS? with a line, takes MOVE open and MOVE closed.

usage: shutter_controller.py [PORT]     port 0 takes a free one; the port is printed
"""
import socketserver
import sys

position = "closed"


class Controller(socketserver.StreamRequestHandler):
    def handle(self):
        global position
        for line in self.rfile:
            words = line.decode("utf-8", "replace").split()
            if words == ["POS?"]:
                self.wfile.write(f"{position}\r\n".encode())
            elif words in (["MOVE", "open"], ["MOVE", "closed"]):
                position = words[1]


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True


with Server(("127.0.0.1", int(sys.argv[1]) if len(sys.argv) > 1 else 5000), Controller) as server:
    print(server.server_address[1], flush=True)
    server.serve_forever()
