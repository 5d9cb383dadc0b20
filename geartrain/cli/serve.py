"""geartrain serve"""

from __future__ import annotations

import ipaddress
import socket
import webbrowser
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from geartrain.cli.options import WorkspaceOption
from geartrain.cli.output import console
from geartrain.kernel.errors import Conflict, Invalid
from geartrain.services.workspace import Workspace, open_workspace

# Threads that answer requests. Queries leave the interpreter's lock, so a few more than cores keep both busy.
THREADS = 8


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command()
    def serve(
        host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
        port: Annotated[int, typer.Option(help="Port; 0 takes a free one.", min=0, max=65535)] = 0,
        open_browser: Annotated[bool, typer.Option("--open", help="Open the site in a browser.")] = False,
        behind_proxy: Annotated[
            bool, typer.Option("--behind-proxy", help="A proxy in front does TLS: cookies are sent over https only.")
        ] = False,
        tls_cert: Annotated[Path | None, typer.Option(help="Certificate (PEM) to serve https with.")] = None,
        tls_key: Annotated[Path | None, typer.Option(help="The certificate's private key (PEM).")] = None,
        workspace: WorkspaceOption = None,
    ) -> None:
        """Serve the web app until stopped with Ctrl-C. An address beyond this machine needs TLS."""
        serve_site(
            open_workspace(workspace),
            host=host,
            port=port,
            open_browser=open_browser,
            behind_proxy=behind_proxy,
            tls=(tls_cert, tls_key) if tls_cert and tls_key else None,
        )


def serve_site(
    ws: Workspace,
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    open_browser: bool = False,
    behind_proxy: bool = False,
    tls: tuple[Path, Path] | None = None,
    ready: Callable[[str], None] | None = None,
) -> None:
    """Serve a workspace in this process until SIGTERM or SIGINT; returns when the last request is answered.

    Args:
        ready: Called with the address once the site answers; by default it is printed.

    Raises:
        Invalid: an address beyond this machine with neither TLS nor a proxy. Conflict: the port is taken.
    """
    if not _loopback(host) and not behind_proxy and tls is None:
        hint = "Give --tls-cert and --tls-key, or --behind-proxy when a proxy does TLS; list its name in [web] hosts."
        raise Invalid(
            f"{host} is reached from other machines, and passwords would cross the network in clear.", hint=hint
        )
    from geartrain.web.server import run

    port = free_port(host, port)
    named = f"[{host}]" if ":" in host else host
    url = f"{'https' if tls else 'http'}://{named}:{port}/"

    def announce() -> None:
        if ready is not None:
            ready(url)
        else:
            console.print(f"Geartrain serves {ws.name} at [bold]{url}[/]  (Ctrl-C stops it)", soft_wrap=True)
        if open_browser:
            webbrowser.open(url)

    run(ws, host=host, port=port, threads=THREADS, secure=behind_proxy or tls is not None, tls=tls, ready=announce)


def free_port(host: str, port: int) -> int:
    """The port itself where it is free, or a free one for 0.

    Raises:
        Conflict: somebody listens there. Invalid: the address is not this machine's.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            if port:
                raise Conflict(
                    f"{host}:{port} is taken ({error.strerror}).", hint="Use --port 0 for a free one."
                ) from None
            raise Invalid(f"{host} is no address of this machine.", hint="Use 127.0.0.1.") from None
        return int(probe.getsockname()[1])


def _loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
