"use strict";
// Follows runs by events, starts them, and takes in what they changed.
(() => {
  const api = "/api/sync/property-listings";
  const controls = document.querySelector(".controls");
  const words = controls.dataset;
  const bar = controls.querySelector("progress");
  const going = document.getElementById("going");
  const told = document.getElementById("told");
  const order = document.getElementById("order");
  let isBusy = false;

  const leave = () => location.assign("/login");

  const allow = () => {
    if (!order) return;
    for (const button of order.querySelectorAll("button")) button.disabled = isBusy;
  };

  const filled = (text, values) => text.replace(/<(\w+)>/g, (_, name) => values[name]);

  const showRun = (run) => {
    isBusy = true;
    const { total } = run.stats;
    bar.hidden = false;
    if (run.progress === null) bar.removeAttribute("value");
    else bar.value = run.progress;
    going.textContent = total
      ? filled(words.going, { done: total - run.queueSize, total }) : words.begins;
    allow();
  };

  const showIdle = () => {
    isBusy = false;
    bar.hidden = true;
    going.textContent = words.idle;
    allow();
  };

  const takeIn = async () => {
    const answer = await fetch("/page");
    if (answer.status === 401) return leave();
    if (!answer.ok) return undefined;
    const main = document.querySelector("main");
    const field = document.getElementById("search");
    const { value } = field;
    const isSearching = document.activeElement === field;
    const open = [...main.querySelectorAll("details[open] code.id")].map((id) => id.textContent);
    main.innerHTML = await answer.text();
    for (const id of main.querySelectorAll("details code.id")) {
      if (open.includes(id.textContent)) id.closest("details").open = true;
    }
    document.getElementById("search").value = value;
    if (isSearching) document.getElementById("search").focus();
    document.dispatchEvent(new Event("page-changed"));
    return undefined;
  };

  const tellEnd = async (run) => {
    told.textContent = words[run.status] || "";
    if (run.status !== "failed") return;
    const answer = await fetch(`${api}/status/${run.syncId}`);
    if (!answer.ok) return;
    const [first] = (await answer.json()).errors;
    if (first) told.textContent += ` ${first.error}`;
  };

  const send = async (document_) => {
    isBusy = true;
    told.textContent = "";
    allow();
    let answer;
    try {
      answer = await fetch(`${api}/manual`, {
        method: "POST",
        headers: { "Content-Type": "application/json", "X-CSRF-Token": words.csrf },
        body: JSON.stringify(document_),
      });
    } catch {
      showIdle();
      told.textContent = words.lost;
      return;
    }
    if (answer.status === 401) { leave(); return; }
    if (answer.status === 202) { showRun({ stats: {}, progress: null }); return; }
    showIdle(); // of a run that is in the way, an event tells
    const refusals = { 409: words.busy, 422: words.wrong };
    told.textContent = refusals[answer.status] || words.refused;
  };

  if (order) {
    order.hidden = false;
    order.addEventListener("submit", (event) => {
      event.preventDefault();
      if (isBusy) return;
      if (event.submitter && event.submitter.value === "all") { send({}); return; }
      const numbers = document.getElementById("numbers").value.split(/[\s,、，]+/).filter(Boolean);
      if (numbers.length) send({ propertyNumbers: numbers });
      else document.getElementById("numbers").focus();
    });
  }

  const events = new EventSource(`${api}/events`);
  const on = (kind, act) => events.addEventListener(kind, (event) => act(JSON.parse(event.data)));
  on("progress", showRun);
  on("idle", showIdle);
  on("away", () => { going.textContent = words.away; bar.hidden = true; });
  on("ended", (run) => { tellEnd(run); takeIn(); });
  events.addEventListener("error", () => {
    going.textContent = words.lost;
    if (events.readyState === EventSource.CLOSED) {
      takeIn();
      setTimeout(() => location.reload(), 10000);
    }
  });
})();
