"""Draw what the live page has beside the static one: the bar, the order, the way out."""

from __future__ import annotations

from listing_sync.language.sentences import phrase
from listing_sync.page.html_parts import text


def controls(csrf: str, name: str, *, may_run: bool) -> str:
    """Return the part above the page; `csrf` is what its posts must bring, `name` who is in."""
    said = {
        "csrf": csrf,
        "idle": phrase("No sync is under way."),
        "begins": phrase("A sync begins ..."),
        "going": phrase(
            "A sync is under way: {done} of {total} listings", done="<done>", total="<total>"
        ),
        "away": phrase("Supabase cannot be read at the moment. The page below may be old."),
        "lost": phrase("There is no connection to the server. Trying again ..."),
        "busy": phrase("A sync is under way already. Please wait for its end."),
        "wrong": phrase("These are no property numbers. Please look at them once more."),
        "refused": phrase("The sync could not be started. Please ask whoever runs the server."),
        "completed": phrase("The sync is done."),
        "partial": phrase("The sync is done, but some listings could not be taken: see below."),
        "failed": phrase("The sync failed."),
        "interrupted": phrase("The sync was stopped."),
    }
    data = "".join(f' data-{key}="{text(words)}"' for key, words in said.items())
    title, out = text(phrase("Sync")), text(phrase("Log out"))
    who = text(phrase("Logged in as {name}.", name=name))
    return f"""<section class="controls" aria-labelledby="sync"{data}>
<h2 id="sync">{title}</h2>
<p id="going" role="status"></p>
<progress max="1" aria-labelledby="going" hidden></progress>
{_order() if may_run else ""}<p id="told" role="alert"></p>
<form method="post" action="/logout" class="out">
<input type="hidden" name="csrf" value="{text(csrf)}"><span>{who}</span><button>{out}</button>
</form>
</section>
"""


def _order() -> str:
    label = text(phrase("Property numbers, apart by spaces"))
    these, all_ = text(phrase("Sync these")), text(phrase("Sync all"))
    return f"""<form id="order" hidden>
<label for="numbers">{label}</label>
<input id="numbers" autocomplete="off" spellcheck="false">
<button value="these">{these}</button>
<button value="all">{all_}</button>
</form>
"""
