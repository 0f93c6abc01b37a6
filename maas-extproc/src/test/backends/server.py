# SPDX-License-Identifier: Apache-2.0
"""A backend that reads requests as vLLM does: uvicorn, FastAPI, pydantic models with vLLM's field types.

Answers are the same for the same request, byte for byte. A stream states its usage only when it was asked to.
What was generated is noted under the header x-attack of the request, and told on a second port. Two things are more
lenient than in a new vLLM, as they were in older ones and are in others: a body without a content type is read, and any
application/...+json is.
"""

import http.server
import json
import socket
import sys
import threading
from typing import Any

import pydantic
import uvicorn
from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse, PlainTextResponse, StreamingResponse

LEDGER: dict[str, list[int]] = {}
WORDS = ["It", " is", " four", ",", " of", " course", " .", " Bye"]


class Model(pydantic.BaseModel):
    model_config = pydantic.ConfigDict(extra="allow")


class StreamOptions(Model):
    include_usage: bool | None = False
    continuous_usage_stats: bool | None = False


class Streamed(Model):
    model: str | None = None
    stream: bool | None = False
    stream_options: StreamOptions | None = None
    max_tokens: int | None = None
    n: int | None = 1

    @pydantic.model_validator(mode="before")
    @classmethod
    def options_need_a_stream(cls, data: Any) -> Any:
        if isinstance(data, dict) and data.get("stream_options") and not data.get("stream"):
            raise ValueError("Stream options can only be defined when `stream=True`.")
        return data


class Chat(Streamed):
    messages: list[dict[str, Any]]
    max_completion_tokens: int | None = None


class BatchChat(Streamed):
    messages: list[list[dict[str, Any]]]


class Completion(Streamed):
    prompt: str | list[str] | list[int]


class Generate(Streamed):
    token_ids: list[int]
    sampling_params: dict[str, Any]


class Responses(Model):
    model: str | None = None
    input: str | list[Any]
    stream: bool | None = False


class Messages(Model):
    model: str
    messages: list[dict[str, Any]]
    max_tokens: int
    stream: bool | None = False


class Embedding(Model):
    model: str | None = None
    input: str | list[str] | list[int]


class Rerank(Model):
    model: str | None = None
    query: str
    documents: list[str]


class Score(Model):
    model: str | None = None
    text_1: str | list[str] | None = None
    text_2: str | list[str] | None = None
    data_1: str | list[str] | None = None
    data_2: str | list[str] | None = None


class Scoring(Model):
    model: str | None = None
    query: str
    items: list[str]


app = FastAPI(strict_content_type=False, openapi_url=None)


def note(request: Request, prompt: int, completion: int) -> None:
    entry = LEDGER.setdefault(request.headers.get("x-attack", ""), [0, 0, 0])
    for i, more in enumerate((1, prompt, completion)):
        entry[i] += more


def tokens_of(value: Any) -> int:
    """Tokens of a prompt: one for four characters, or those that are given as numbers."""
    if isinstance(value, list) and all(isinstance(item, int) for item in value):
        return len(value)
    return max(1, len(value if isinstance(value, str) else json.dumps(value)) // 4)


def words(limit: int | None) -> list[str]:
    return WORDS[: max(1, min(len(WORDS), len(WORDS) if limit is None else limit))]


def usage(prompt: int, completion: int) -> dict[str, int]:
    return {"prompt_tokens": prompt, "total_tokens": prompt + completion, "completion_tokens": completion}


def event(data: dict[str, Any], name: str | None = None) -> bytes:
    text = json.dumps(data, separators=(",", ":"))
    return f"{'' if name is None else f'event: {name}' + chr(10)}data: {text}\n\n".encode()


def generated(request: Request, asked: Streamed, prompt: int, kind: str) -> Response:
    """Chats, completions and what is like them."""
    parts = words(getattr(asked, "max_completion_tokens", None) or asked.max_tokens)
    choices = 1 if asked.n is None else max(1, min(asked.n, 8))
    completion = len(parts) * choices
    note(request, prompt, completion)
    head = {"id": f"{kind}-1", "object": kind, "created": 1700000000, "model": asked.model or "m"}

    def choice(index: int, text: str, chunk: bool, end: str | None) -> dict[str, Any]:
        if kind == "text_completion":
            return {"index": index, "text": text, "logprobs": None, "finish_reason": end}
        if kind == "generate":
            return {"index": index, "token_ids": [1] * len(text.split()), "finish_reason": end}
        member = "delta" if chunk else "message"
        return {"index": index, member: {"role": "assistant", "content": text}, "finish_reason": end}

    if not asked.stream:
        body = head | {"choices": [choice(i, "".join(parts), False, "stop") for i in range(choices)]}
        if kind != "generate":
            body["usage"] = usage(prompt, completion)
        return JSONResponse(body)

    options = asked.stream_options
    wanted = kind != "generate" and options is not None and bool(options.include_usage)
    running = wanted and bool(options.continuous_usage_stats)
    chunk_head = head if kind != "chat.completion" else head | {"object": "chat.completion.chunk"}

    def events():
        for at, part in enumerate(parts):
            for i in range(choices):
                chunk = chunk_head | {"choices": [choice(i, part, True, "stop" if at == len(parts) - 1 else None)]}
                if running:
                    chunk["usage"] = usage(prompt, at + 1)
                yield event(chunk)
        if wanted:
            yield event(chunk_head | {"choices": [], "usage": usage(prompt, completion)})
        yield b"data: [DONE]\n\n"

    return StreamingResponse(events(), media_type="text/event-stream")


async def chat(asked: Chat, request: Request) -> Response:
    return generated(request, asked, tokens_of(asked.messages), "chat.completion")


async def completion(asked: Completion, request: Request) -> Response:
    return generated(request, asked, tokens_of(asked.prompt), "text_completion")


async def embedding(asked: Embedding, request: Request) -> Response:
    prompt = tokens_of(asked.input)
    note(request, prompt, 0)
    data = [{"index": 0, "object": "embedding", "embedding": [0.25, 0.5]}]
    return JSONResponse({"id": "embd-1", "object": "list", "model": "m", "data": data, "usage": usage(prompt, 0)})


async def rerank(asked: Rerank, request: Request) -> Response:
    prompt = tokens_of(asked.query) * len(asked.documents) + sum(map(tokens_of, asked.documents))
    note(request, prompt, 0)
    results = [{"index": i, "document": {"text": d}, "relevance_score": 0.5} for i, d in enumerate(asked.documents)]
    return JSONResponse({"id": "rerank-1", "model": "m", "usage": {"total_tokens": prompt}, "results": results})


async def score(asked: Score, request: Request) -> Response:
    prompt = tokens_of(asked.model_dump_json())
    note(request, prompt, 0)
    data = [{"index": 0, "object": "score", "score": 0.5}]
    return JSONResponse({"id": "score-1", "object": "list", "model": "m", "data": data, "usage": usage(prompt, 0)})


# In vLLM's order: what a body looks like decides which of them it is.
INVOCATIONS = [
    (pydantic.TypeAdapter(Chat), chat),
    (pydantic.TypeAdapter(Completion), completion),
    (pydantic.TypeAdapter(Embedding), embedding),
    (pydantic.TypeAdapter(Rerank), rerank),
    (pydantic.TypeAdapter(Score), score),
]

for path in ("/v1/chat/completions",):
    app.post(path)(chat)
app.post("/v1/completions")(completion)
app.post("/v1/embeddings")(embedding)
for path in ("/rerank", "/v1/rerank", "/v2/rerank"):
    app.post(path)(rerank)
for path in ("/score", "/v1/score", "/classify", "/pooling"):
    app.post(path)(score)


@app.post("/invocations")
async def invocations(request: Request) -> Response:
    try:
        body = await request.json()
    except ValueError as e:
        return JSONResponse({"detail": f"JSON decode error: {e}"}, status_code=400)
    for adapter, endpoint in INVOCATIONS:
        try:
            asked = adapter.validate_python(body)
        except pydantic.ValidationError:
            continue
        return await endpoint(asked, request)
    return JSONResponse({"detail": "Cannot find suitable handler for request."}, status_code=400)


@app.post("/v1/chat/completions/batch")
async def batch_chat(asked: BatchChat, request: Request) -> Response:
    return generated(request, asked, tokens_of(asked.messages), "chat.completion")


@app.post("/inference/v1/generate")
async def generate(asked: Generate, request: Request) -> Response:
    return generated(request, asked, tokens_of(asked.token_ids), "generate")


@app.post("/generative_scoring")
async def generative_scoring(asked: Scoring, request: Request) -> Response:
    prompt = tokens_of(asked.query) * len(asked.items) + sum(map(tokens_of, asked.items))
    completion = len(asked.items)
    note(request, prompt, completion)
    data = [{"index": i, "object": "score", "score": 0.5} for i in range(len(asked.items))]
    return JSONResponse(
        {"id": "generative-scoring-1", "object": "list", "model": "m", "data": data, "usage": usage(prompt, completion)}
    )


@app.post("/v1/responses")
async def responses(asked: Responses, request: Request) -> Response:
    prompt, parts = tokens_of(asked.input), WORDS
    note(request, prompt, len(parts))
    response = {
        "id": "resp_1",
        "object": "response",
        "status": "completed",
        "model": "m",
        "output": [{"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "".join(parts)}]}],
        "usage": {"input_tokens": prompt, "output_tokens": len(parts), "total_tokens": prompt + len(parts)},
    }
    if not asked.stream:
        return JSONResponse(response)

    def events():
        begun = response | {"status": "in_progress", "output": [], "usage": None}
        yield event({"type": "response.created", "response": begun}, "response.created")
        for part in parts:
            yield event({"type": "response.output_text.delta", "delta": part}, "response.output_text.delta")
        yield event({"type": "response.completed", "response": response}, "response.completed")

    return StreamingResponse(events(), media_type="text/event-stream")


@app.post("/v1/messages")
async def messages(asked: Messages, request: Request) -> Response:
    prompt, parts = tokens_of(asked.messages), words(asked.max_tokens)
    note(request, prompt, len(parts))
    message = {"id": "msg_1", "type": "message", "role": "assistant", "model": asked.model}
    if not asked.stream:
        content = [{"type": "text", "text": "".join(parts)}]
        stated = {"input_tokens": prompt, "output_tokens": len(parts)}
        return JSONResponse(message | {"content": content, "stop_reason": "end_turn", "usage": stated})

    def events():
        begun = message | {"content": [], "usage": {"input_tokens": prompt, "output_tokens": 0}}
        yield event({"type": "message_start", "message": begun}, "message_start")
        for part in parts:
            delta = {"type": "text_delta", "text": part}
            yield event({"type": "content_block_delta", "index": 0, "delta": delta}, "content_block_delta")
        stated = {"input_tokens": prompt, "output_tokens": len(parts)}
        yield event({"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": stated}, "message_delta")
        yield event({"type": "message_stop"}, "message_stop")

    return StreamingResponse(events(), media_type="text/event-stream")


@app.post("/v1/audio/transcriptions")
@app.post("/v1/audio/translations")
async def transcription(request: Request) -> Response:
    body = await request.body()
    text = "".join(WORDS)
    note(request, 0, tokens_of(text))
    for plain in (b"text", b"srt", b"vtt"):
        if b'name="response_format"\r\n\r\n' + plain in body:
            return PlainTextResponse(text)
    return JSONResponse({"text": text, "usage": {"type": "duration", "seconds": 2}})


@app.post("/tokenize")
async def tokenize(request: Request) -> Response:
    return JSONResponse({"count": 1, "max_model_len": 4096, "tokens": [1]})


class Ledger(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        body = json.dumps(LEDGER).encode()
        self.send_response(200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        pass


def main() -> None:
    side = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Ledger)
    threading.Thread(target=side.serve_forever, daemon=True).start()
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen(1024)
    print(f"READY {listener.getsockname()[1]} {side.server_address[1]}", flush=True)
    config = uvicorn.Config(app, http="h11", log_level="error", access_log=False, h11_max_incomplete_event_size=1 << 20)
    uvicorn.Server(config).run(sockets=[listener])


if __name__ == "__main__":
    sys.exit(main())
