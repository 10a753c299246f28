// Lists of panels without network: the document brings some in reserve, which wait outside the form until
// they are asked for.



const reserves = new Map();

function blockOf(form, name) {
  return [...form.querySelectorAll('[data-q]')].find((each) => each.dataset.q === name);
}

// Takes the reserve out of the form, so that nothing reads it as an answer.
export function stockPanels(form) {
  const counts = JSON.parse(form.dataset.counts);
  for (const [name, count] of Object.entries(counts)) {
    const block = blockOf(form, name);
    if (!block) continue;
    const panels = [...block.querySelectorAll(':scope > .inside')];
    reserves.set(name, { block, all: panels, count: panels.length });
    resize(name, count);
  }
}

function counter(name) {
  return [...reserves.get(name).block.querySelectorAll('input[type=hidden]')].find((each) => each.name === `${name}-count`);
}

function resize(name, count) {
  const one = reserves.get(name);
  one.count = Math.max(0, Math.min(count, one.all.length));
  one.all.forEach((panel, index) => {
    if (index >= one.count) panel.remove();
    else if (!panel.parentNode) one.block.insertBefore(panel, adder(one));
  });
  counter(name).value = String(one.count);
}

function adder(one) {
  const go = one.block.querySelector('button[name=go][value^="add:"]');
  return go ? go.closest('p') : null;
}

export function restorePanels(said) {
  for (const name of reserves.keys()) {
    const [count] = said.get(`${name}-count`) || [];
    if (count !== undefined) resize(name, Number(count));
  }
}

export function startPanels(form, changed) {
  form.addEventListener('click', (event) => {
    const go = event.target.closest('button[name=go]');
    const [verb, name, place] = go ? go.value.split(':') : [];
    if (!reserves.has(name)) return;
    if (verb === 'add') resize(name, reserves.get(name).count + 1);
    if (verb === 'remove') removePanel(name, Number(place));
    form.dispatchEvent(new Event('change', { bubbles: true }));
    changed();
  });
}

// What stands in the panels behind moves up by one; the last one goes empty into the reserve.
function removePanel(name, place) {
  const one = reserves.get(name);
  for (let index = place; index < one.count - 1; index += 1) copy(one.all[index + 1], one.all[index]);
  empty(one.all[one.count - 1]);
  resize(name, one.count - 1);
}

function controls(panel) {
  return [...panel.querySelectorAll('input:not([type=file]),select,textarea')];
}

function copy(from, to) {
  const source = controls(from);
  controls(to).forEach((control, index) => {
    if (control.type === 'radio' || control.type === 'checkbox') control.checked = source[index].checked;
    else control.value = source[index].value;
  });
}

function empty(panel) {
  controls(panel).forEach((control) => {
    if (control.type === 'radio' || control.type === 'checkbox') control.checked = false;
    else control.value = '';
  });
}

