"""An HTTP server with the contract of POST /events, and with faults on request."""

import json
import socket
import threading
import time
from collections import Counter
from contextlib import contextmanager
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from zlib import crc32

KEY = "local-key"
DROP_BEFORE = "drop the connection before anything is stored"
DROP_AFTER = "drop the connection once all is stored, so that only the answer is lost"


class ShopApi:
    """What the server holds, and how it is to behave; a fault is used up by one request."""

    def __init__(self):
        self.url = ""
        self.lock = threading.Lock()
        self.stored = {}
        self.deliveries = Counter()
        self.sequences = Counter()
        self.faults = []
        self.always = None
        self.delay = 0.0
        self.max_records = 500
        self.rejects = {}
        self.busy = {}
        self.waiting = self.most_waiting = self.connections = self.requests = 0
        self.seen = threading.Condition(self.lock)

    def next_fault(self):
        with self.lock:
            self.requests += 1
            self.seen.notify_all()
            return self.faults.pop(0) if self.faults else self.always

    def answer(self, body):
        """Return the status and the answer to a batch, and keep its events."""
        records = json.loads(body, parse_float=str)
        if len(records) > self.max_records:
            return 413, {"message": f"more than {self.max_records} records"}
        if any(time.monotonic() < self.busy.get(record["InvoiceNo"], 0) for record in records):
            return 503, {"message": "busy with one of these"}
        results = [self.take(record) for record in records]
        accepted = sum(result["status"] == "accepted" for result in results)
        rejected = len(results) - accepted
        status = 202 if accepted else 400
        return status, {"accepted": accepted, "rejected": rejected, "results": results}

    def take(self, record):
        refusal = self.rejects.get(record["InvoiceNo"])
        if refusal:
            return {"status": "rejected", "reason": "invalid", **refusal}
        shard = f"shardId-{crc32(record['InvoiceNo'].encode()) % 2:012d}"
        with self.lock:
            self.sequences[shard] += 7
            sequence = str(99_990 + self.sequences[shard])  # gets longer: text order would be wrong
            self.stored[record["event_id"]] = record
            self.deliveries[record["event_id"]] += 1
        event_id = record["event_id"]
        return {"status": "accepted", "event_id": event_id, "shard": shard, "sequence": sequence}

    def await_requests(self, count, timeout=20):
        with self.seen:
            assert self.seen.wait_for(lambda: self.requests >= count, timeout)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1
    disable_nagle_algorithm = True  # else each response waits 40 ms for an ACK
    timeout = 10

    def __init__(self, shop: ShopApi, *connection):
        self.shop = shop
        super().__init__(*connection)  # handles all requests of the connection

    def setup(self):
        super().setup()
        with self.shop.lock:
            self.shop.connections += 1

    def do_POST(self):
        with self.shop.lock:
            self.shop.waiting += 1
            self.shop.most_waiting = max(self.shop.most_waiting, self.shop.waiting)
        try:
            self.respond(self.rfile.read(int(self.headers["content-length"])))
        finally:
            with self.shop.lock:
                self.shop.waiting -= 1

    def respond(self, body):
        fault = self.shop.next_fault()
        time.sleep(self.shop.delay)
        if fault == DROP_AFTER:
            self.shop.answer(body)
        if fault in (DROP_BEFORE, DROP_AFTER):
            self.close_connection = True
            self.connection.shutdown(socket.SHUT_RDWR)
        elif fault:
            self.say(*fault)
        elif self.path != "/stage/events":
            self.say(404, {"message": "Not Found"})
        elif self.headers["x-api-key"] != KEY:
            self.say(403, {"message": "Forbidden"})
        elif self.headers["content-type"] != "application/json":
            self.say(415, {"message": "Unsupported Media Type"})
        else:
            self.say(*self.shop.answer(body))

    def say(self, status, answer, headers=None):
        content = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
        self.send_response(status)
        for name, value in {"content-length": len(content), **(headers or {})}.items():
            self.send_header(name, str(value))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format, *_args):  # noqa: A002 - the base's name
        pass


@contextmanager
def serving():
    """Yield a running ShopApi; its `url` says where."""
    shop = ShopApi()
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, shop)) as server:
        shop.url = f"http://127.0.0.1:{server.server_address[1]}/stage"
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield shop
        server.shutdown()
        thread.join()
