"use strict";
/* Improves the console; every page is complete without it.
   Numbers of a running wave stay current, and a button that was pressed is not pressed twice. */

const EVERY = 5000;

const FORMATS = {
  number: (value) => Number(value).toLocaleString("en-US"),
  percent: (value) => `${(100 * Number(value)).toFixed(1)}%`,
  score: (value) => Number(value).toFixed(2),
};

function valueAt(data, path) {
  return path.split(".").reduce((part, name) => (part === null || part === undefined ? null : part[name]), data);
}

function show(element, value) {
  const text = value === null || value === undefined ? "—" : FORMATS[element.dataset.format](value);
  if (element.textContent === text) return;
  element.textContent = text;
  element.classList.remove("fresh");
  void element.offsetWidth; /* restarts the animation */
  element.classList.add("fresh");
}

/* Ranks, intervals, drawings, and sentences that come and go with a number hang together: when their `shape`
   changes, the server draws them again. */
async function redraw(live) {
  const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
  if (!answer.ok) throw new Error(String(answer.status));
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  for (const part of live.querySelectorAll("[data-swap]")) {
    const fresh = page.querySelector(`[data-swap="${part.dataset.swap}"]`);
    if (fresh) part.replaceWith(fresh);
  }
}

function follow(live) {
  const state = document.getElementById("live-state");

  async function refresh() {
    const answer = await fetch(live.dataset.address, { headers: { Accept: "application/json" } });
    if (!answer.ok) throw new Error(String(answer.status));
    const data = await answer.json();
    for (const element of live.querySelectorAll("[data-live]")) show(element, valueAt(data, element.dataset.live));
    if (live.dataset.shape !== data.shape) await redraw(live);
    live.dataset.shape = data.shape;
  }

  function tell(connected) {
    const text = connected ? state.dataset.liveOn : state.dataset.liveOff;
    if (state.textContent !== text) state.textContent = text;
    state.classList.toggle("off", !connected);
  }

  async function turn() {
    if (!document.hidden) {
      try {
        await refresh();
        tell(true);
      } catch {
        tell(false);
      }
    }
    setTimeout(turn, EVERY);
  }

  turn();
}

/* Only after the browser has gathered the fields: a button that is off by then is not among them, and the server
   would not learn which one was pressed. */
for (const form of document.querySelectorAll("form[method=post]")) {
  form.addEventListener("submit", () => {
    setTimeout(() => {
      for (const button of form.querySelectorAll("button[type=submit]")) button.disabled = true;
    });
  });
}
/* A page that comes back from the browser's memory must not keep its buttons off. */
window.addEventListener("pageshow", () => {
  for (const button of document.querySelectorAll("form[method=post] button[disabled]")) button.disabled = false;
});

/* Questions that come and go with an answer: the server draws them again after each choice. */
for (const form of document.querySelectorAll("form[data-draw]")) {
  form.addEventListener("change", async (event) => {
    if (!event.target.matches("input[type=radio], input[type=checkbox], select")) return;
    const said = new URLSearchParams(new FormData(form));
    said.set("go", "draw");
    const answer = await fetch(form.action, { method: "POST", body: said, headers: { Accept: "text/html" } });
    if (!answer.ok) return;
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const old = form.querySelector("[data-swap]");
    const fresh = page.querySelector(`form[data-draw] [data-swap="${old.dataset.swap}"]`);
    if (!fresh) return;
    const { name, value } = event.target;
    old.replaceWith(fresh);
    const again = [...form.elements].find((each) => each.name === name && each.value === value);
    if (again) again.focus();
  });
}

/* Keys, except where somebody is writing: "/" leads to the search, others press what names them, and j and k
   walk through what a page marks as its stations. */
function walk(step) {
  const stations = [...document.querySelectorAll("[data-station]")];
  if (!stations.length) return;
  const here = stations.indexOf(document.activeElement.closest("[data-station]"));
  const next = here < 0 && step < 0 ? stations.length - 1 : Math.min(stations.length - 1, Math.max(0, here + step));
  stations[next].focus();
  stations[next].scrollIntoView({ block: "start" });
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.target.closest("input, select, textarea, [contenteditable]")) return;
  if (event.key === "j" || event.key === "k") {
    walk(event.key === "j" ? 1 : -1);
    return;
  }
  const meant = [...document.querySelectorAll("[data-key]")].find((each) => each.dataset.key === event.key);
  if (!meant) return;
  event.preventDefault();
  if (meant.matches("button")) {
    meant.click();
    return;
  }
  meant.focus();
  if (meant.matches("input[type=search]")) meant.select();
});

/* Boxes are drawn over a photo by hand; what is sent stands in the fields below it. */
function coverBy(holder) {
  const form = holder.closest("form");
  const filled = (row) => form.elements[`left-${row}`].value !== "";
  let drawn = null;

  const at = (event) => {
    const frame = holder.getBoundingClientRect();
    const part = (value) => Math.min(100, Math.max(0, value * 100));
    return [part((event.clientX - frame.left) / frame.width), part((event.clientY - frame.top) / frame.height)];
  };

  function place(box, start, end) {
    const edges = [Math.min(start[0], end[0]), Math.min(start[1], end[1]), Math.max(start[0], end[0]), Math.max(start[1], end[1])];
    Object.assign(box.style, {
      left: `${edges[0]}%`,
      top: `${edges[1]}%`,
      width: `${edges[2] - edges[0]}%`,
      height: `${edges[3] - edges[1]}%`,
    });
    return edges;
  }

  holder.addEventListener("pointerdown", (event) => {
    event.preventDefault();
    const box = document.createElement("span");
    holder.append(box);
    holder.setPointerCapture(event.pointerId);
    drawn = { box, start: at(event) };
  });
  holder.addEventListener("pointermove", (event) => {
    if (drawn) place(drawn.box, drawn.start, at(event));
  });
  holder.addEventListener("pointerup", (event) => {
    if (!drawn) return;
    const edges = place(drawn.box, drawn.start, at(event));
    let row = 0;
    while (form.elements[`left-${row}`] && filled(row)) row += 1;
    const small = edges[2] - edges[0] < 1 || edges[3] - edges[1] < 1;
    if (small || !form.elements[`left-${row}`]) drawn.box.remove();
    else ["left", "top", "right", "bottom"].forEach((edge, index) => (form.elements[`${edge}-${row}`].value = edges[index].toFixed(2)));
    drawn = null;
  });
}
for (const holder of document.querySelectorAll("[data-cover]")) coverBy(holder);

const live = document.querySelector("[data-address][data-running]");
if (live) follow(live);
