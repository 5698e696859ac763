"""Runs moto's server, fixed where moto 5.2.5 does otherwise than AWS documents: a service by the file of its name in fixes."""

import contextlib
import hmac
import importlib
import json
import os
import re
import sys
import threading
import time
from collections import defaultdict
from http.server import BaseHTTPRequestHandler
from socketserver import ThreadingTCPServer
from xml.sax.saxutils import escape

from moto import backends, server
from moto.moto_server.werkzeug_app import DomainDispatcherApplication
from werkzeug.exceptions import HTTPException, InternalServerError
from werkzeug.serving import WSGIRequestHandler

FIXED_SERVICES = frozenset(
    name.removesuffix(".py") for name in os.listdir(os.path.join(os.path.dirname(__file__), "fixes"))
)

# A service is loaded, and fixed, with the first request to it: a start waits for none.
create_app = server.create_backend_app


def create_fixed_app(service):
    if service in FIXED_SERVICES:
        importlib.import_module(f"fixes.{service}")
    app = create_app(service)
    app.register_error_handler(Exception, lambda error: answer_to_failure(app, service, error))
    return app


def answer_to_failure(app, service, error):
    """What moto lacks, or needs a package for, and what AWS would refuse as malformed, is no failure of moto."""
    if isinstance(error, HTTPException):
        return error
    if isinstance(error, (NotImplementedError, ModuleNotFoundError)):
        return str(error), 501, {"content-type": "text/plain"}
    malformed = importlib.import_module("malformed").error_in_request(service)
    if malformed is None:
        app.log_exception(sys.exc_info())
    return malformed or InternalServerError()


server.create_backend_app = create_fixed_app

# moto serves the gateway alone: it checks no signature.
SECRET = os.environ.pop("SANDBOX_SECRET", "")
dispatch = DomainDispatcherApplication.__call__


def dispatch_with_secret(self, environ, start_response):
    if SECRET and not hmac.compare_digest(environ.pop("HTTP_X_SANDBOX_SECRET", ""), SECRET):
        start_response("403 Forbidden", [("content-type", "text/plain")])
        return [b"Only the sandbox's gateway may ask.\n"]
    # moto's tables are not safe against concurrent change: one request per service at a time.
    with lock_of(environ.get("HTTP_AUTHORIZATION", "")):
        return dispatch(self, environ, start_response)


locks = defaultdict(threading.Lock)


def lock_of(authorization):
    scope = authorization.split("/", 4)
    return locks[scope[3] if len(scope) > 3 else ""]


DomainDispatcherApplication.__call__ = dispatch_with_secret

# moto lists its own folder anew for each request, and writes a line about each: a fifth of the time that it takes.
modules = frozenset(backends.list_of_moto_modules())
backends.list_of_moto_modules = lambda: modules
log_request = WSGIRequestHandler.log_request


def log_failed_request(self, code="-", size="-"):
    if str(code).startswith("5"):
        log_request(self, code, size)


WSGIRequestHandler.log_request = log_failed_request


# The gateway keeps this process's standard input open, and writes a line into it once it serves: its port, and what is
# lost without it. Where the input ends, the gateway was killed. Nothing can reach the accounts then, because only the
# gateway knew their keys and sessions: this process says so at the gateway's port, until the next start ends it.
class LostAccounts(BaseHTTPRequestHandler):
    message = ""

    def answer(self):
        self.rfile.read(int(self.headers.get("content-length") or 0))
        kind, body = self.error()
        self.send_response(503)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(body)))
        self.send_header("x-amzn-errortype", "ServiceUnavailable")
        self.send_header("connection", "close")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def error(self):
        """The error in the protocol of the service that the signature's scope names."""
        signed = re.search(r"/([\w-]+)/aws4_request", self.headers.get("authorization", ""))
        service = signed.group(1) if signed else "s3"
        code = "ServiceUnavailable"
        error = f"<Error><Code>{code}</Code><Message>{escape(self.message)}</Message></Error>"
        if service == "s3":
            return "application/xml", error.encode()
        if service == "ec2":
            return "text/xml", f"<Response><Errors>{error}</Errors></Response>".encode()
        if "x-www-form-urlencoded" in self.headers.get("content-type", ""):
            return "text/xml", f"<ErrorResponse>{error}</ErrorResponse>".encode()
        return "application/json", json.dumps({"__type": code, "message": self.message}).encode()

    def log_message(self, *args):
        pass

    do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = do_PATCH = answer


def bound_server(port):
    # The port has connections that are ending, and the gateway's process may be some moments from leaving it.
    ThreadingTCPServer.allow_reuse_address = True
    for _ in range(200):
        with contextlib.suppress(OSError):
            return ThreadingTCPServer(("127.0.0.1", port), LostAccounts)
        time.sleep(0.05)
    os._exit(1)


def stand_in_for_gateway():
    line = sys.stdin.readline()
    sys.stdin.read()
    if not line:
        os._exit(1)
    gateway = json.loads(line)
    LostAccounts.message = gateway["message"]
    record = os.path.join(gateway["directory"], "moto.json")
    with bound_server(gateway["port"]) as server:
        with contextlib.suppress(OSError), open(os.path.join(gateway["directory"], "daemon.log"), "a") as log:
            log.write(f"the gateway ended without being stopped: {LostAccounts.message}\n")
        server.timeout = 2
        # Where the folder is removed, nobody finds this process again.
        while os.path.exists(record):
            server.handle_request()
    os._exit(1)


if SECRET:
    threading.Thread(target=stand_in_for_gateway, daemon=True).start()

server.main()
