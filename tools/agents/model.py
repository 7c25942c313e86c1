"""A model that answers every agent with the next command of a script.

It speaks the four protocols that agents speak, each as a stream: Anthropic's Messages, OpenAI's
Responses and chat completions, and Gemini's. What it is told of its tools' results is all that it
knows, so a request that is sent again gets the same answer.
"""

import json
import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

DONE = "All done."


class Anthropic:
    path = re.compile(r"/v1/messages(\?|$)")

    @staticmethod
    def tools(request):
        return {tool["name"] for tool in request.get("tools", [])}

    @staticmethod
    def results(request):
        blocks = [
            block
            for message in request["messages"]
            if isinstance(message["content"], list)
            for block in message["content"]
        ]
        return [text(block.get("content")) for block in blocks if block["type"] == "tool_result"]

    @staticmethod
    def answer(request, name, arguments, index):
        if name is None:
            start = {"type": "text", "text": ""}
            delta = {"type": "text_delta", "text": DONE}
        else:
            start = {"type": "tool_use", "id": f"toolu_{index}", "name": name, "input": {}}
            delta = {"type": "input_json_delta", "partial_json": json.dumps(arguments)}
        reason = "end_turn" if name is None else "tool_use"
        usage = {"input_tokens": 1, "output_tokens": 1}
        message = {
            "id": f"msg_{index}",
            "type": "message",
            "role": "assistant",
            "model": request["model"],
            "content": [],
            "stop_reason": None,
            "stop_sequence": None,
            "usage": usage,
        }
        if not request.get("stream"):
            content = [{"type": "text", "text": DONE}]
            return message | {"content": content, "stop_reason": "end_turn"}
        ending = {"stop_reason": reason, "stop_sequence": None}
        return named(
            [
                {"type": "message_start", "message": message},
                {"type": "content_block_start", "index": 0, "content_block": start},
                {"type": "content_block_delta", "index": 0, "delta": delta},
                {"type": "content_block_stop", "index": 0},
                {"type": "message_delta", "delta": ending, "usage": usage},
                {"type": "message_stop"},
            ]
        )


class Responses:
    path = re.compile(r"/v1/responses$")

    @staticmethod
    def tools(request):
        return {tool.get("name") for tool in request.get("tools", [])}

    @staticmethod
    def results(request):
        items = [item for item in request["input"] if item["type"] == "function_call_output"]
        return [text(item["output"]) for item in items]

    @staticmethod
    def answer(request, name, arguments, index):
        if name is None:
            content = [{"type": "output_text", "text": DONE, "annotations": []}]
            item = {"type": "message", "id": f"msg_{index}", "role": "assistant"}
            item |= {"status": "completed", "content": content}
        else:
            item = {"type": "function_call", "id": f"fc_{index}", "call_id": f"call_{index}"}
            item |= {"name": name, "arguments": json.dumps(arguments), "status": "completed"}
        usage = {
            "input_tokens": 1,
            "input_tokens_details": {"cached_tokens": 0},
            "output_tokens": 1,
            "output_tokens_details": {"reasoning_tokens": 0},
            "total_tokens": 2,
        }
        response = {"id": f"resp_{index}", "object": "response", "model": request["model"]}
        ended = response | {"status": "completed", "output": [item], "usage": usage}
        return named(
            [
                {"type": "response.created", "response": response | {"status": "in_progress"}},
                {"type": "response.output_item.done", "output_index": 0, "item": item},
                {"type": "response.completed", "response": ended},
            ]
        )


class Completions:
    path = re.compile(r"/v1/chat/completions$")

    @staticmethod
    def tools(request):
        return {tool["function"]["name"] for tool in request.get("tools", [])}

    @staticmethod
    def results(request):
        messages = [message for message in request["messages"] if message["role"] == "tool"]
        return [text(message["content"]) for message in messages]

    @staticmethod
    def answer(request, name, arguments, index):
        if name is None:
            delta, reason = {"role": "assistant", "content": DONE}, "stop"
        else:
            function = {"name": name, "arguments": json.dumps(arguments)}
            call = {"index": 0, "id": f"call_{index}", "type": "function", "function": function}
            delta, reason = {"role": "assistant", "tool_calls": [call]}, "tool_calls"
        chunk = {"id": f"chat_{index}", "object": "chat.completion.chunk", "created": 0}
        chunk |= {"model": request["model"]}
        usage = {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}
        first = {"index": 0, "delta": delta, "finish_reason": None}
        last = {"index": 0, "delta": {}, "finish_reason": reason}
        events = [chunk | {"choices": [first]}, chunk | {"choices": [last], "usage": usage}]
        return lines(events) + "data: [DONE]\n\n"


class Gemini:
    path = re.compile(r"/v1(beta)?/models/[^/]+:(streamG|g)enerateContent(\?|$)")

    @staticmethod
    def tools(request):
        return {
            function["name"]
            for tool in request.get("tools", [])
            for function in tool.get("functionDeclarations", [])
        }

    @staticmethod
    def results(request):
        parts = [part for content in request["contents"] for part in content["parts"]]
        answers = [part["functionResponse"] for part in parts if "functionResponse" in part]
        return [text(answer["response"]) for answer in answers]

    @staticmethod
    def answer(request, name, arguments, index):
        part = {"text": DONE}
        if name is not None:
            part = {"functionCall": {"id": f"call_{index}", "name": name, "args": arguments}}
        content = {"role": "model", "parts": [part]}
        usage = {"promptTokenCount": 1, "candidatesTokenCount": 1, "totalTokenCount": 2}
        candidate = {"index": 0, "content": content, "finishReason": "STOP"}
        return lines([{"candidates": [candidate], "usageMetadata": usage}])


PROTOCOLS = [Anthropic, Responses, Completions, Gemini]

# How each agent's tool for shell commands is called, and what it takes.
TOOLS = {
    "Bash": lambda command: {"command": command, "description": "A step"},
    "exec_command": lambda command: {"cmd": command, "yield_time_ms": 30000},
    "shell_command": lambda command: {"command": command, "timeout_ms": 60000},
    "bash": lambda command: {"command": command, "description": "A step", "timeout": 60000},
    "run_shell_command": lambda command: {"command": command, "description": "A step"},
}


def text(content):
    return content if isinstance(content, str) else json.dumps(content, ensure_ascii=False)


def lines(events):
    return "".join(f"data: {json.dumps(event)}\n\n" for event in events)


def named(events):
    return "".join(f"event: {event['type']}\n{lines([event])}" for event in events)


class Model:
    """Serves on loopback. `script` maps the results so far to the next command, or `None`."""

    def __init__(self, log):
        self.script = None
        self.log = log
        model = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers.get("content-length", 0)))
                answer = model.answer(self.path, body)
                self.send(answer)

            def do_GET(self):
                model.log.write(f"GET {self.path}\n")
                self.send(None)

            def send(self, answer):
                kind = "text/event-stream" if isinstance(answer, str) else "application/json"
                body = answer if isinstance(answer, str) else json.dumps(answer or {})
                self.send_response(404 if answer is None else 200)
                self.send_header("content-type", kind)
                self.send_header("content-length", str(len(body.encode())))
                self.end_headers()
                self.wfile.write(body.encode())

            def log_message(self, *_):
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = server.server_port
        threading.Thread(target=server.serve_forever, daemon=True).start()

    def answer(self, path, body):
        self.log.write(f"POST {path} {body.decode(errors='replace')}\n")
        self.log.flush()
        for protocol in PROTOCOLS:
            if not protocol.path.match(path):
                continue
            request = json.loads(body)
            known = sorted(protocol.tools(request) & TOOLS.keys())
            results = protocol.results(request)
            # Titles and summaries are asked for without tools.
            command = self.script(results) if known else None
            if command is None:
                return protocol.answer(request, None, None, len(results))
            name = known[0]
            return protocol.answer(request, name, TOOLS[name](command), len(results))
        return None
