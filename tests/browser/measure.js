// Opens each page at each width in a frame and writes what it measures into the document as JSON.
"use strict";

const channels = (color) => (color.match(/[\d.]+/g) || []).map(Number);

const luminance = ([red, green, blue]) => {
  const [r, g, b] = [red, green, blue].map((value) => {
    const share = value / 255;
    return share <= 0.03928 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
};

const contrast = (one, other) => {
  const [dark, light] = [luminance(one), luminance(other)].sort((a, b) => a - b);
  return (light + 0.05) / (dark + 0.05);
};

const groundOf = (element, view) => {
  for (let at = element; at; at = at.parentElement) {
    const color = channels(view.getComputedStyle(at).backgroundColor);
    if (color.length === 3 || color[3] === 1) return color;
  }
  return [255, 255, 255];
};

const measure = (frame, path, width) => {
  const view = frame.contentWindow;
  const page = frame.contentDocument;
  page.querySelectorAll("details").forEach((details) => { details.open = true; });
  const faint = [];
  for (const element of page.querySelectorAll("body *")) {
    const text = [...element.childNodes].filter((node) => node.nodeType === 3)
      .map((node) => node.textContent.trim()).join("");
    const style = view.getComputedStyle(element);
    if (!text || ["title", "desc"].includes(element.tagName) || !element.getClientRects().length) {
      continue;
    }
    const ink = channels(element instanceof view.SVGElement ? style.fill : style.color);
    const ratio = contrast(ink, groundOf(element, view));
    if (ratio < 4.5) faint.push(`${element.tagName} "${text}": ${ratio.toFixed(2)}`);
  }
  const stops = [...page.querySelectorAll("a[href], summary, [tabindex='0']")];
  const unreachable = stops.filter((stop) => { stop.focus(); return page.activeElement !== stop; });
  return {
    path,
    width,
    overflow: page.documentElement.scrollWidth - page.documentElement.clientWidth,
    ground: view.getComputedStyle(page.body).backgroundColor,
    faint,
    stops: stops.length,
    unreachable: unreachable.length,
  };
};

const opened = (path, width) => new Promise((resolve) => {
  const frame = document.createElement("iframe");
  frame.width = width;
  frame.height = 900;
  frame.onload = () => { resolve(measure(frame, path, width)); frame.remove(); };
  frame.src = path;
  document.body.append(frame);
});

const measureAll = async (paths, widths) => {
  const found = [];
  for (const path of paths) {
    for (const width of widths) found.push(await opened(path, width));
  }
  const result = document.createElement("pre");
  result.id = "result";
  result.textContent = JSON.stringify(found);
  document.body.append(result);
};
