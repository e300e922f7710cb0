"""A server on this machine, with the failures of a network."""

import hashlib
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from cnncourse.data.fetching import RemoteFiles


class Server:
    """Serves files from memory, with ranges, and breaks in the ways that networks do."""

    def __init__(self):
        self.files, self.requests, self.cut_after = {}, [], None
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.0"

            def do_GET(self):
                outer.requests.append((self.path, self.headers.get("Range")))
                content = outer.files.get(self.path.lstrip("/"))
                if content is None:
                    self.send_error(404)
                    return
                start = int(self.headers.get("Range", "bytes=0-")[6:].rstrip("-"))
                if start >= len(content):
                    self.send_error(416)
                    return
                self.send_response(206 if start else 200)
                self.send_header("Content-Length", str(len(content) - start))
                self.end_headers()
                end, outer.cut_after = outer.cut_after or len(content), None
                self.wfile.write(content[start:end])

            def log_message(self, *_arguments):
                pass

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.http.server_port}/"
        threading.Thread(target=self.http.serve_forever, daemon=True).start()

    def remote(self, name):
        checksums = {file: "md5:" + hashlib.md5(content).hexdigest() for file, content in self.files.items()}
        return RemoteFiles(name, (self.url,), checksums)
