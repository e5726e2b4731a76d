"""A small real HTTP server with the face of an OpenAI-compatible endpoint, and faults on demand.

It answers a chat with a text made of model, seed and question, so that a test sees who was asked what. Each
fault answers one request in place of the server; quirks are lasting. It is a forward proxy too. As a script
it stands for `vllm serve` where only processes matter: starting, dying, being killed.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import TCPServer
from types import TracebackType
from typing import Any
from urllib.parse import urlsplit

Fault = Callable[["Handler"], None]
Refuses = Callable[[dict[str, Any]], "str | None"]
"""The words with which a server refuses the body of a chat for ever, None where it answers."""


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: EndpointServer

    def do_GET(self) -> None:
        route = self.route()
        if route == "/health":
            self.reply(200, {})
        elif not self.admitted():
            self.reply(401, {"error": "Unauthorized"})
        elif route == "/v1/models" and self.server.lists is not None:
            cards = [{"id": self.server.lists.format(self.server.model), "parent": None}]
            cards += [{"id": name, "parent": self.server.model} for name in self.server.adapters]
            self.reply(200, {"data": cards})
        else:
            self.reply(404, {"detail": "Not Found"})

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        route = self.route()
        self.server.requests.append((route, body))
        if not self.admitted():
            self.reply(401, {"error": "Unauthorized"})
        elif route == "/v1/chat/completions":
            if (words := self.server.refuses(body)) is not None:
                self.reply(400, {"error": {"message": words}})
                return
            with self.server.lock:
                fault = self.server.faults.popleft() if self.server.faults else None
            (fault or chat)(self, **({} if fault else {"body": body}))
        elif route == "/v1/load_lora_adapter" and self.server.loads_adapters:
            self.server.adapters.append(body["lora_name"])
            self.reply(200, f"Success: LoRA adapter '{body['lora_name']}' added successfully.")
        elif route == "/v1/unload_lora_adapter" and self.server.loads_adapters:
            self.server.adapters.remove(body["lora_name"])
            self.reply(200, "Success")
        else:
            self.reply(404, {"detail": "Not Found"})

    def admitted(self) -> bool:
        """Whether the request has the key, if there is one."""
        key = self.server.key
        return key is None or self.headers["Authorization"] == f"Bearer {key}"

    def route(self) -> str:
        if self.path.startswith("http://"):
            self.server.proxied.append(self.path)
        return urlsplit(self.path).path

    def reply(self, status: int, document: Any, headers: dict[str, str] | None = None) -> None:
        text = document if isinstance(document, str) else json.dumps(document)
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(text.encode())))
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *_: object) -> None:
        pass


class EndpointServer(ThreadingHTTPServer):
    """Serves on a free port of 127.0.0.1 while its context lasts."""

    daemon_threads = True

    def __init__(
        self,
        *faults: Fault,
        model: str = "tiny",
        loads_adapters: bool = True,
        ignores_adapters: bool = False,
        refuses: Refuses = lambda body: None,
        lists: str | None = "{}",
        port: int = 0,
        key: str | None = None,
    ) -> None:
        super().__init__(("127.0.0.1", port), Handler)
        self.model, self.loads_adapters, self.ignores_adapters = model, loads_adapters, ignores_adapters
        self.key = key
        self.faults, self.lock = deque(faults), threading.Lock()
        self.refuses, self.lists = refuses, lists
        self.proxied: list[str] = []
        self.adapters: list[str] = []
        self.requests: list[tuple[str, Any]] = []

    def server_bind(self) -> None:
        TCPServer.server_bind(self)  # HTTPServer's own asks a name server for our name

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/v1"

    def chats(self) -> list[dict[str, Any]]:
        return [body for path, body in self.requests if path == "/v1/chat/completions"]

    def __enter__(self) -> EndpointServer:
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.shutdown()
        self.server_close()


def chat(handler: Handler, body: dict[str, Any]) -> None:
    server, model = handler.server, body["model"]
    if model not in [server.model, *server.adapters]:
        message = f"The model `{model}` does not exist."
        handler.reply(404, {"error": {"message": message, "type": "NotFoundError"}})
        return
    if server.ignores_adapters:
        model = server.model
    question = body["messages"][-1]["content"]
    handler.reply(200, answer(f"{model}/{body.get('seed')}/{question}"))


def answer(text: str, reason: str = "stop", tokens: int = 4) -> dict[str, Any]:
    return {
        "choices": [{"message": {"content": text}, "finish_reason": reason, "stop_reason": None}],
        "usage": {"completion_tokens": tokens},
    }


def status(code: int, **headers: str) -> Fault:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda handler: handler.reply(code, {"error": {"message": f"fault {code}"}}, named)


def document(value: Any) -> Fault:
    return lambda handler: handler.reply(200, value)


def silence(seconds: float) -> Fault:
    def wait(handler: Handler) -> None:
        time.sleep(seconds)
        handler.close_connection = True

    return wait


def hang_up(handler: Handler) -> None:
    handler.close_connection = True


def main(arguments: Iterable[str]) -> None:
    """Behave as `vllm serve` does: with a second process, and whatever the model's name asks for."""
    arguments = list(arguments)
    model, port = arguments[arguments.index("serve") + 1], int(arguments[arguments.index("--port") + 1])
    name = arguments[arguments.index("--served-model-name") + 1]
    if (died := re.search(r"dies-of-(\d+)$", model)) is not None:
        os.kill(os.getpid(), int(died[1]))
    if model.endswith("missing"):
        sys.exit(f"OSError: {model} is not a local folder and is not a valid model identifier")
    if model.endswith("huge"):
        print("RuntimeError: [enforce fail at alloc_cpu.cpp] Cannot allocate memory", flush=True)
        os.kill(os.getpid(), 9)
    if model.endswith("slow"):
        time.sleep(60)
    engine = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    print(f"engine {engine.pid}", flush=True)
    try:
        EndpointServer(port=port, model=name, key=os.environ.get("VLLM_API_KEY")).serve_forever()
    except OSError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main(sys.argv)
