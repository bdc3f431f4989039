"""
nginx and HAProxy as pass-through: a POST in, one GET of the registry over kept connections, its answer out.

Written from their documentation: ngx_http_proxy_module and ngx_http_upstream_module; HAProxy's configuration manual,
`http-request set-method`, `set-uri`, `http-reuse`. One process, one thread, no log, no cache.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

from bench.stage import Server, Stage, free_port

__all__ = ["haproxy", "haproxy_config", "missing", "nginx", "nginx_config"]

_SBIN = ("/usr/sbin", "/usr/local/sbin")  # where Debian puts both, and no user's PATH looks


def missing(program: str) -> Callable[[], str | None]:
    """Says why a row cannot be measured; None where the program is there."""
    return lambda: None if _found(program) else f"{program} is not installed (Debian: apt-get install {program})"


def nginx(stage: Stage, target: str) -> Server:
    """nginx in front of the stub's `target`."""
    port = free_port()
    folder = stage.folder / f"nginx-{port}"
    folder.mkdir()
    file = folder / "nginx.conf"
    file.write_text(nginx_config(folder, port, stage.stub.port, target))
    return stage.program(_path("nginx"), "-p", str(folder), "-c", str(file), "-e", "stderr", port=port)


def haproxy(stage: Stage, target: str) -> Server:
    """HAProxy in front of the stub's `target`."""
    port = free_port()
    file = stage.folder / f"haproxy-{port}.cfg"
    file.write_text(haproxy_config(port, stage.stub.port, target))
    return stage.program(_path("haproxy"), "-db", "-f", str(file), port=port)


def nginx_config(folder: Path, port: int, registry: int, target: str) -> str:
    """One process that keeps its connections to the registry; whatever it writes lies in `folder`."""
    kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    folders = "\n".join(f"  {kind}_temp_path {folder}/{kind};" for kind in kinds)
    return f"""\
daemon off;
master_process off;
worker_processes 1;
pid {folder}/nginx.pid;
error_log stderr error;
events {{ worker_connections 4096; }}
http {{
{folders}
  access_log off;
  keepalive_requests 100000000;
  upstream registry {{
    server 127.0.0.1:{registry};
    keepalive 256;
    keepalive_requests 100000000;
  }}
  server {{
    listen 127.0.0.1:{port};
    location = / {{
      proxy_pass http://registry{target};
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_method GET;
      proxy_pass_request_body off;
      proxy_set_header Content-Length "";
    }}
  }}
}}
"""


def haproxy_config(port: int, registry: int, target: str) -> str:
    """One thread that shares its connections to the registry among all callers."""
    return f"""\
global
  nbthread 1
  maxconn 4096
defaults
  mode http
  timeout connect 5s
  timeout client 30s
  timeout server 30s
  http-reuse always
frontend callers
  bind 127.0.0.1:{port}
  default_backend registry
backend registry
  http-request set-method GET
  http-request set-uri {target}
  server one 127.0.0.1:{registry}
"""


def _found(program: str) -> str | None:
    return shutil.which(program, path=os.pathsep.join((os.environ.get("PATH", os.defpath), *_SBIN)))


def _path(program: str) -> str:
    return _found(program) or program
