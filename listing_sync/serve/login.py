"""Begin and end the session of a person at the page."""

from __future__ import annotations

from urllib.parse import parse_qs

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from listing_sync.language.sentences import phrase
from listing_sync.lazy_dataclasses import dataclass
from listing_sync.page.html_parts import text
from listing_sync.page.shell import Shell
from listing_sync.page.status_page import heading, icon_of
from listing_sync.serve.orders import body_of
from listing_sync.serve.people import Doorkeeper
from listing_sync.serve.problems import Problem
from listing_sync.serve.sessions import LoginForms

LOGIN, LOGOUT = "/login", "/logout"
_FORM_LASTS_S = 3600


@dataclass(frozen=True, slots=True)
class Login:
    """The form that asks for a token, and what becomes of it."""

    doorkeeper: Doorkeeper
    forms: LoginForms

    def routes(self) -> list[Route]:
        """Return its addresses."""
        return [
            Route(LOGIN, self.form, methods=["GET"]),
            Route(LOGIN, self.login, methods=["POST"]),
            Route(LOGOUT, self.logout, methods=["POST"]),
        ]

    async def form(self, _: Request) -> Response:
        """Show the form."""
        return self._form(200, "")

    async def login(self, request: Request) -> Response:
        """Begin a session, or show the form with what was wrong."""
        fields = await form_of(request)
        if not self.forms.is_ours(
            request.cookies.get(self._form_cookie, ""), fields.get("form", "")
        ):
            return self._form(403, phrase("The form was too old. Please try again."))
        try:
            token = await self.doorkeeper.enter(fields.get("token", "").strip(), request)
        except Problem as problem:
            if problem.http_status == 429:  # noqa: PLR2004 - too many requests
                why = phrase("Too many wrong tokens. Please try again in a minute.")
            else:
                why = phrase("This token is not known. Whoever runs the server can make a new one.")
            return self._form(problem.http_status, why, problem.headers)
        response = RedirectResponse("/", 303)
        response.delete_cookie(self._form_cookie, path=LOGIN)
        self.doorkeeper.begin(token, response)
        return response

    async def logout(self, request: Request) -> Response:
        """End the session."""
        session = self.doorkeeper.session_of(request)
        fields = await form_of(request)
        response = RedirectResponse(LOGIN, 303)
        if session is not None:
            self.doorkeeper.require_own_page(session, fields.get("csrf", ""))
            self.doorkeeper.end(request, response)
        return response

    @property
    def _form_cookie(self) -> str:
        return "listing-sync-login"

    def _form(self, code: int, why: str, headers: dict[str, str] | None = None) -> Response:
        nonce, seal = self.forms.new()
        alert = f'<p class="alert" id="why" role="alert">{text(why)}</p>' if why else ""
        log_in, label = text(phrase("Log in")), text(phrase("Your token"))
        shell = Shell(phrase("Log in - {program}", program="listing-sync"), icon_of(), asks=True)
        body = f"""<main class="login">
<h1>{heading()}</h1>
<form method="post" action="{LOGIN}">
<h2>{log_in}</h2>
{alert}<input type="hidden" name="form" value="{seal}">
<label for="token">{label}</label>
<input id="token" name="token" type="password" autocomplete="current-password" required
 autofocus{' aria-describedby="why" aria-invalid="true"' if why else ""}>
<button>{log_in}</button>
</form>
</main>"""
        response = HTMLResponse(shell.around(body), code, headers=headers)
        response.headers["Content-Security-Policy"] = header_policy(shell)
        response.set_cookie(
            self._form_cookie,
            nonce,
            max_age=_FORM_LASTS_S,
            path=LOGIN,
            secure=self.doorkeeper.is_behind_tls,
            httponly=True,
            samesite="strict",
        )
        return response


def header_policy(shell: Shell) -> str:
    """Return the policy of a document with what only a header can say."""
    return f"{shell.policy()}; frame-ancestors 'none'"


async def form_of(request: Request) -> dict[str, str]:
    """Return the fields of a form; 64 kB of it at most, and of each field the first."""
    given = (await body_of(request)).decode("utf-8", errors="replace")
    return {name: values[0] for name, values in parse_qs(given, max_num_fields=20).items()}
