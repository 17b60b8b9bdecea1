"""An HTTP application at an address of this machine, until it is cancelled."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from aiohttp import web

from wizardcoder.errors import UsageError

#: What answers that are being written have left when the server stops.
_FAREWELL_SECONDS = 1.0


async def listen(
    app: web.Application, host: str, port: int, *, announce: Callable[[str], None]
) -> None:
    """Serve `app` until cancelled; `announce` is handed the base URL, `/v1` included.

    Port 0 takes a free one. Raises UsageError when the address cannot be had.
    """
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=_FAREWELL_SECONDS)
    await runner.setup()
    try:
        await web.TCPSite(runner, host, port).start()
        announce(f"http://{host}:{runner.addresses[0][1]}/v1")
        await asyncio.Event().wait()
    except OSError as error:
        raise UsageError(
            f"cannot listen on {host}:{port}: {error.strerror}; choose another port"
        ) from None
    finally:
        await runner.cleanup()
