"use strict";
// Says how long ago things were, finds lines by their property number, and reads the page anew.
(() => {
  const language = document.documentElement.lang || "en";
  const relative = new Intl.RelativeTimeFormat(language, { numeric: "always", style: "long" });
  const spans = [["day", 86400], ["hour", 3600], ["minute", 60], ["second", 1]];

  const inWords = (seconds) => {
    const [unit, length] = spans.find(([, each]) => seconds >= each) || ["second", 1];
    return relative.format(-Math.floor(seconds / length), unit);
  };

  const tellAges = () => {
    for (const time of document.querySelectorAll("time[data-stale]")) {
      const seconds = Math.max(0, (Date.now() - Date.parse(time.dateTime)) / 1000);
      let age = time.nextElementSibling;
      if (!age || !age.classList.contains("age")) {
        age = document.createElement("span");
        time.after(" ", age);
      }
      age.className = seconds > Number(time.dataset.stale) ? "age stale" : "age";
      age.textContent = `(${inWords(seconds)})`;
    }
  };

  const plainNumber = (text) => text.normalize("NFKC").toUpperCase().replace(/\s+/g, "");

  const find = () => {
    const field = document.getElementById("search");
    const told = document.querySelector("[data-found]");
    const wanted = plainNumber(field.value);
    let found = 0;
    for (const line of document.querySelectorAll("[data-number]")) {
      const fits = plainNumber(line.dataset.number).includes(wanted);
      line.hidden = !fits;
      found += fits;
    }
    for (const run of document.querySelectorAll(".runs > li")) {
      run.hidden = Boolean(wanted) && !run.querySelector("[data-number]:not([hidden])");
      if (wanted && !run.hidden) run.firstElementChild.open = true;
    }
    told.textContent = wanted ? told.dataset.found.replace("#", found) : "";
  };

  const start = () => {
    document.querySelector(".search").hidden = false;
    tellAges();
    if (document.getElementById("search").value) find();
  };

  document.addEventListener("input", (event) => { if (event.target.id === "search") find(); });
  document.addEventListener("page-changed", start);
  start();
  setInterval(tellAges, 10000);

  const reload = Number(document.querySelector("main").dataset.reload);
  if (reload) {
    setInterval(() => {
      const isInUse = document.getElementById("search").value
        || document.querySelector("details[open]");
      if (!isInUse) location.reload();
    }, reload * 1000);
  }
})();
