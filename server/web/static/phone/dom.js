// Elements from data. Text is always text: nothing that anybody wrote becomes markup.

export function h(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith('on')) made.addEventListener(name.slice(2), value);
    else if (value === true) made.setAttribute(name, '');
    else if (value !== false && value !== null && value !== undefined) made.setAttribute(name, value);
  }
  made.append(...children.flat().filter((each) => each !== null && each !== undefined && each !== false));
  return made;
}

export function badge(text, colour = '') {
  return h('span', { class: `badge ${colour}` }, text);
}

// A button that cannot be pressed twice while the first press is still at work.
export function button(text, act, attributes = {}) {
  const made = h('button', { type: 'button', ...attributes }, text);
  made.addEventListener('click', async () => {
    if (made.disabled) return;
    made.disabled = true;
    try {
      await act(made);
    } finally {
      made.disabled = false;
    }
  });
  return made;
}

export function paragraphs(text) {
  return text.split('\n').filter(Boolean).map((line) => h('p', {}, line));
}

// A sheet over the page, closed by what it offers or by Escape; answers with what was chosen.
export function sheet(title, build) {
  return new Promise((resolve) => {
    const dialog = h('dialog', { class: 'sheet', 'aria-label': title });
    const close = (value) => {
      dialog.close();
      dialog.remove();
      resolve(value);
    };
    dialog.append(h('h2', {}, title), ...[build(close)].flat());
    dialog.addEventListener('cancel', (event) => {
      event.preventDefault();
      close(null);
    });
    document.body.append(dialog);
    dialog.showModal();
  });
}

let hiding = 0;

export function toast(text, colour = '') {
  const place = document.getElementById('toast');
  place.textContent = text;
  place.className = `toast ${colour}`;
  place.hidden = false;
  clearTimeout(hiding);
  hiding = setTimeout(() => { place.hidden = true; }, 6000);
}
