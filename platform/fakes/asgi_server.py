"""Runs an ASGI app as an HTTP server on loopback, inside the running event loop.

Usage: `async with serve(app) as url: …`. Fake gateways need a socket (official client libraries open their
own connections), and share one process and one clock with the test. h11 implements the protocol; this module
connects it to asyncio's streams.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping
from typing import Any
from urllib.parse import unquote

import h11

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Any, Any, Any], Awaitable[None]]


class Address(str):
    """The address of a served app: `http://127.0.0.1:PORT`, without a trailing slash."""

    __slots__ = ()

    @property
    def url(self) -> str:
        return str(self)

    @property
    def port(self) -> int:
        return int(self.rpartition(":")[2])


@contextlib.asynccontextmanager
async def serve(app: App, port: int = 0) -> AsyncIterator[Address]:
    """Serve ``app`` on 127.0.0.1 while the block lasts.

    Port 0 takes any free one. Requests still open at the end are cut off.
    """
    connections: set[asyncio.Task[None]] = set()

    async def serve_connection(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        connections.add(task)
        try:
            await Connection(app, reader, writer).run()
        except (ConnectionError, asyncio.CancelledError):
            pass  # the client disconnected, or the server is shutting down: nothing to report
        finally:
            connections.discard(task)
            writer.close()

    async with lifespan(app):
        server = await asyncio.start_server(serve_connection, "127.0.0.1", port)
        try:
            yield Address(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}")
        finally:
            server.close()
            for task in list(connections):
                task.cancel()
            await asyncio.gather(*connections, return_exceptions=True)
            await server.wait_closed()


class Connection:
    """One client's connection: handles requests one after the other while both sides keep it open."""

    def __init__(self, app: App, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.app, self.reader, self.writer = app, reader, writer
        self.protocol = h11.Connection(h11.SERVER)
        self.without_body = False

    async def run(self) -> None:
        """Handle requests until one side closes the connection or breaks the protocol."""
        while True:
            try:
                event = await self.next_event()
                if not isinstance(event, h11.Request):
                    return None
                await self.handle_request(event)
            except h11.RemoteProtocolError as error:
                return await self.send_error(error.error_status_hint)
            if self.protocol.our_state is not h11.DONE or self.protocol.their_state is not h11.DONE:
                # the response is incomplete or the body unread: the next request could not be separated
                return None
            self.protocol.start_next_cycle()

    async def next_event(self) -> h11.Event | type[h11.PAUSED]:
        """Read from the client until the next event is complete."""
        while (event := self.protocol.next_event()) is h11.NEED_DATA:
            if self.protocol.they_are_waiting_for_100_continue:
                await self.send_event(
                    h11.InformationalResponse(status_code=100, headers=[], reason="Continue")
                )
            self.protocol.receive_data(await self.reader.read(65536))
        return event  # type: ignore[return-value]

    async def send_event(self, event: h11.Event) -> None:
        """Write an event to the client."""
        data = self.protocol.send(event)
        if data:
            self.writer.write(data)
            await self.writer.drain()

    async def send_error(self, status: int) -> None:
        """Send an empty response with this status, unless a response has started."""
        if self.protocol.our_state in {h11.IDLE, h11.SEND_RESPONSE}:
            await self.send_event(
                h11.Response(status_code=status, headers=[("content-length", "0"), ("connection", "close")])
            )
            await self.send_event(h11.EndOfMessage())

    async def handle_request(self, request: h11.Request) -> None:
        """Call the app for one request; a failure of the app is answered 500 and raised."""
        path, _, query = request.target.partition(b"?")
        self.without_body = request.method == b"HEAD"
        scope = {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "http_version": request.http_version.decode(),
            "method": request.method.decode(),
            "scheme": "http",
            "path": unquote(path.decode("latin-1")),
            "raw_path": path,
            "query_string": query,
            "root_path": "",
            "headers": list(request.headers),
            "client": self.writer.get_extra_info("peername"),
            "server": self.writer.get_extra_info("sockname"),
            "state": {},
        }
        try:
            await self.app(scope, self.receive, self.send)
        except (ConnectionError, h11.RemoteProtocolError):
            raise
        except Exception:
            await self.send_error(500)
            raise
        while self.protocol.their_state is h11.SEND_BODY:  # a body that the app did not read
            await self.next_event()

    async def receive(self) -> Message:
        if self.protocol.their_state is not h11.SEND_BODY:
            # the body is complete: the next message to the app is the disconnect
            await self.reader.read(1)
            return {"type": "http.disconnect"}
        event = await self.next_event()
        if isinstance(event, h11.Data):
            return {"type": "http.request", "body": bytes(event.data), "more_body": True}
        if isinstance(event, h11.EndOfMessage):
            return {"type": "http.request", "body": b"", "more_body": False}
        return {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            await self.send_event(
                h11.Response(status_code=message["status"], headers=list(message.get("headers", [])))
            )
            return
        if message.get("body") and not self.without_body:
            await self.send_event(h11.Data(data=message["body"]))
        if not message.get("more_body"):
            await self.send_event(h11.EndOfMessage())


@contextlib.asynccontextmanager
async def lifespan(app: App) -> AsyncIterator[None]:
    """Send the ASGI lifespan events to ``app``; an app without lifespan support raises on the first one."""
    messages: asyncio.Queue[Message] = asyncio.Queue()
    answers: asyncio.Queue[Message] = asyncio.Queue()
    task = asyncio.ensure_future(
        app({"type": "lifespan", "asgi": {"version": "3.0"}, "state": {}}, messages.get, answers.put)
    )

    async def send_lifespan_event(what: str) -> None:
        await messages.put({"type": f"lifespan.{what}"})
        received = asyncio.ensure_future(answers.get())
        await asyncio.wait({task, received}, return_when=asyncio.FIRST_COMPLETED)
        received.cancel()
        if received.done() and not received.cancelled() and received.result()["type"].endswith("failed"):
            raise RuntimeError(received.result().get("message", "the app could not start"))

    await send_lifespan_event("startup")
    try:
        yield
    finally:
        if not task.done():
            await send_lifespan_event("shutdown")
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
