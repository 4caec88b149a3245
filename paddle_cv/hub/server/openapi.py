"""The description of a server of modules: as an OpenAPI document, and as a page that needs neither scripts nor a network."""

from __future__ import annotations

import html
import json
from collections.abc import Iterable
from typing import Any

from ...version import __version__
from ..base import NetworkModule
from ..serving import FORMATS, MAX_BYTES, MAX_IMAGES, MAX_PIXELS, MAX_RESULT_BYTES

__all__ = ["describe", "page"]

_FAILED = {
    "type": "object",
    "required": ["error"],
    "properties": {"error": {"type": "string"}},
    "description": "Of a picture that failed beside others that did not.",
}
_FAILURES = {
    "400": "The body is not JSON, or has far more brackets, braces and commas than a request needs.",
    "408": "The request took too long to arrive.",
    "413": "The body is too large.",
    "415": "Content-Type is not application/json.",
    "421": "Host is no name of this server.",
    "503": "Too many requests wait, or the server is being started or stopped; Retry-After says when to come again.",
    "504": "The computation took too long.",
}


def describe(modules: Iterable[type[NetworkModule]], max_body: int, token: bool) -> dict[str, Any]:
    """An OpenAPI 3.1 document.

    Args:
        modules: What is served.
        max_body: Bytes of the largest body.
        token: Whether clients have to send one.
    """
    failures = {**({"401": "The token is missing or wrong."} if token else {}), **_FAILURES}
    paths = {f"/predict/{module.name}": {"post": _operation(module, max_body, failures)} for module in modules}
    paths["/health"] = {"get": {"summary": "Whether the server lives.", "responses": {"200": {"description": "Yes."}}}}
    paths["/ready"] = {
        "get": {
            "summary": "Whether requests are accepted, and how many wait for each module.",
            "responses": {"200": {"description": "Yes."}, "503": {"description": "Not yet, or not any more."}},
        }
    }
    paths["/metrics"] = {
        "get": {
            "summary": "What the server has done and does, for Prometheus.",
            "responses": {"200": {"description": "Text in Prometheus' form."}},
        }
    }
    document: dict[str, Any] = {
        "openapi": "3.1.0",
        "info": {"title": "paddle_cv modules", "version": __version__},
        "paths": paths,
        "components": {
            "schemas": {"Failure": _reply({"type": "string"}, "101, or 111 for a module that is not served")}
        },
    }
    if token:
        document["components"]["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer"}}
        for path in paths.values():
            if "post" in path:
                path["post"]["security"] = [{"token": []}]
    return document


def _operation(module: type[NetworkModule], max_body: int, failures: dict[str, str]) -> dict[str, Any]:
    images = {
        "type": "array",
        "minItems": 1,
        "maxItems": MAX_IMAGES,
        "items": {"type": "string", "contentEncoding": "base64"},
        "description": f"Files in {', '.join(FORMATS)} format, each of at most {MAX_BYTES} bytes and {MAX_PIXELS} pixels.",
    }
    body = {
        "type": "object",
        "required": ["images"],
        "additionalProperties": False,
        "properties": {"images": images, **module.serving_options()},
    }
    entry = {"anyOf": [module.serving_result, _FAILED]}
    results = {"type": "array", "items": entry, "description": "In the order of the images."}
    failure = {"$ref": "#/components/schemas/Failure"}
    done = {"anyOf": [_reply(results, "000"), failure]}
    return {
        "summary": module.summary,
        "requestBody": {
            "required": True,
            "description": f"At most {max_body} bytes. The results may take {MAX_RESULT_BYTES} bytes before they are encoded.",
            "content": {"application/json": {"schema": body}},
        },
        "responses": {
            "200": {
                "description": 'The results, with the status "000"; "msg" says what failed.',
                "content": {"application/json": {"schema": done}},
            },
            **{
                code: {"description": text, "content": {"application/json": {"schema": failure}}}
                for code, text in sorted(failures.items())
            },
        },
    }


def _reply(results: dict[str, Any], status: str) -> dict[str, Any]:
    return {
        "type": "object",
        "required": ["status", "msg", "results"],
        "properties": {
            "status": {"type": "string", "description": status},
            "msg": {"type": "string"},
            "results": results,
        },
    }


_PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>{title}</title>
<style>
body {{ font: 16px/1.5 sans-serif; max-width: 60em; margin: 2em auto; padding: 0 1em; }}
pre {{ background: #f4f4f4; padding: 1em; white-space: pre-wrap; }}
td, th {{ text-align: left; vertical-align: top; padding-right: 1em; }}
</style>
</head>
<body>
<h1>{title} {version}</h1>
<p>The same as an OpenAPI document: <a href="openapi.json">openapi.json</a></p>
{operations}
</body>
</html>
"""


def page(document: dict[str, Any]) -> str:
    """The document as HTML."""
    operations = [
        _section(method, path, operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    ]
    return _PAGE.format(**document["info"], operations="\n".join(operations))


def _section(method: str, path: str, operation: dict[str, Any]) -> str:
    lines = [
        f"<h2><code>{method.upper()} {html.escape(path)}</code></h2>",
        f"<p>{html.escape(operation['summary'])}</p>",
    ]
    if operation.get("security"):
        lines.append("<p>Needs the header <code>Authorization: Bearer TOKEN</code>.</p>")
    if "requestBody" in operation:
        body = operation["requestBody"]
        lines += [f"<h3>Body</h3><p>{html.escape(body['description'])}</p>", _schema(body)]
    lines.append("<h3>Responses</h3>\n<table>")
    for code, response in operation["responses"].items():
        lines.append(f"<tr><th>{code}</th><td>{html.escape(response['description'])}</td></tr>")
    lines.append("</table>")
    if "requestBody" in operation:
        lines.append(_schema(operation["responses"]["200"]))
    return "\n".join(lines)


def _schema(part: dict[str, Any]) -> str:
    schema = part["content"]["application/json"]["schema"]
    return f"<pre>{html.escape(json.dumps(schema, indent=2, ensure_ascii=False), quote=False)}</pre>"
