// Runs before a page's own scripts and knows nothing of the page: when can its first question be answered?
// `seen` settles once a field can be seen and hit, and `place` gives its middle now; `answered` settles with
// the milliseconds since the navigation began once a click has changed a field for good. Both can give up (null).
"use strict";

window.firstAnswer = (() => {
  function place() {
    for (const field of document.querySelectorAll("input:not([type=hidden]), select, textarea")) {
      const target = field.closest("label") || field;
      const box = target.getBoundingClientRect();
      const x = box.left + box.width / 2;
      const y = box.top + box.height / 2;
      const hit = box.width && box.height && document.elementFromPoint(x, y);
      if (hit && target.contains(hit)) return { x, y };
    }
    return null;
  }

  const question = new Promise((resolve) => {
    const look = () => (document.body && place() ? resolve() : requestAnimationFrame(look));
    look();
  });
  const answer = new Promise((resolve) => {
    // After the page's own handlers, which may draw the question anew.
    const settled = (field) => () => field.checked && resolve(performance.now());
    addEventListener("change", (event) => setTimeout(settled(event.target)), true);
  });
  const pause = (ms) => new Promise((resolve) => setTimeout(() => resolve(null), ms));
  const within = (promise) => (ms) => Promise.race([promise, pause(ms)]);
  return { place, seen: within(question), answered: within(answer) };
})();
