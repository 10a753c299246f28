// A customer's page: large type, what was typed is kept, one question at a time, errors where they are made.
// Everything here improves a page that works without it. ES5, for browsers of 2016.

var root = document.documentElement;
var resized = null;

// Storage is refused to private windows of some browsers: then nothing is remembered.
function memory(kind, key, value) {
  try {
    if (value === undefined) { return window[kind].getItem(key); }
    return value === null ? window[kind].removeItem(key) : window[kind].setItem(key, value);
  } catch (refused) { return null; }
}

function isLarge() {
  return root.className === 'large';
}

// A page without questions; the one at the end has nothing left to keep.
function startPlain() {
  startLarge();
  if (document.querySelector('[data-done]')) { memory('sessionStorage', 'kept', null); }
}

function startLarge() {
  var button = document.getElementById('large');
  var remembered = memory('localStorage', 'large');
  function set(on) {
    root.className = on ? 'large' : '';
    button.setAttribute('aria-pressed', String(on));
    if (resized) { resized(); }
  }
  set(remembered ? remembered === '1' : isLarge());
  button.hidden = false;
  button.addEventListener('click', function () {
    set(!isLarge());
    memory('localStorage', 'large', isLarge() ? '1' : '0');
  });
}

var say = null;
var timer = null;

function startPage() {
  var summary = document.getElementById('errors');
  say = JSON.parse(form.getAttribute('data-wrong'));
  restoreTyped();
  all('textarea[maxlength]').forEach(countLetters);
  form.addEventListener('change', pageChanged);
  form.addEventListener('input', pageChanged);
  form.addEventListener('submit', pageLeft);
  form.addEventListener('blur', questionLeft, true);
  document.addEventListener('visibilitychange', saveInHurry);
  showOthers();
  if (summary) { summary.focus(); }
}

// The field beside "other" shows only while "other" is chosen; without a script it is always there.
function showOthers() {
  all('.other').forEach(function (other) {
    var choice = other.parentNode.querySelector('[value=other]');
    other.hidden = !(choice && (choice.checked || choice.selected));
  });
}

function countLetters(area) {
  var counter = document.createElement('p');
  function show() { counter.textContent = area.value.length + ' / ' + area.getAttribute('maxlength'); }
  counter.className = 's';
  area.parentNode.insertBefore(counter, area.nextSibling);
  area.addEventListener('input', show);
  show();
}

function encoded() {
  return fieldsOf(form).filter(function (field) {
    return field.name && !field.disabled && field.type !== 'file' && (field.checked || !isBox(field));
  }).map(function (field) {
    return encodeURIComponent(field.name) + '=' + encodeURIComponent(field.value);
  }).join('&');
}

function pageChanged(event) {
  showOthers();
  relieve(event.target);
  keepTyped(false);
  if (form.getAttribute('data-draft')) {
    document.getElementById('saved').textContent = '';
    clearTimeout(timer);
    timer = setTimeout(saveDraft, 3000);
  }
}

// What fails is tried again with the next change, and the next button saves in any case.
function saveDraft() {
  var request = new XMLHttpRequest();
  var body = encoded();
  timer = null;
  request.open('POST', form.getAttribute('data-draft'));
  request.setRequestHeader('Content-Type', 'application/x-www-form-urlencoded');
  request.onload = function () {
    if (request.status !== 204) { return; }
    document.getElementById('saved').textContent = form.getAttribute('data-saved');
    if (body === encoded()) { memory('sessionStorage', 'kept', null); }
  };
  request.send(body);
}

// The page is put away, perhaps for ever.
function saveInHurry() {
  if (document.hidden && timer && navigator.sendBeacon && window.Blob) {
    navigator.sendBeacon(form.getAttribute('data-draft'), new Blob([encoded()], { type: 'application/x-www-form-urlencoded' }));
  }
}

function pageLeft() {
  clearTimeout(timer);
  keepTyped(true);
}

// What no server has seen yet outlives a reload: a fresh link has no draft, and the network may be away.
function keepTyped(sent) {
  memory('sessionStorage', 'kept', JSON.stringify([location.pathname, encoded(), sent]));
}

function restoreTyped() {
  var kept = JSON.parse(memory('sessionStorage', 'kept') || 'null');
  if (!kept) { return; }
  if (kept[0] === location.pathname && !(kept[2] && /[?&]check=/.test(location.search))) {
    fillIn(kept[1].split('&'));
  } else if (kept[2]) {
    memory('sessionStorage', 'kept', null);
  }
}

function fillIn(pairs) {
  var given = Object.create(null);
  pairs.forEach(function (pair) {
    var parts = pair.split('=').map(decodeURIComponent);
    given[parts[0]] = (given[parts[0]] || []).concat(parts[1]);
  });
  fieldsOf(form).forEach(function (field) {
    if (!field.name || field.type === 'hidden' || field.type === 'file') { return; }
    if (isBox(field)) {
      field.checked = Boolean(given[field.name]) && given[field.name].indexOf(field.value) >= 0;
    } else if (given[field.name]) {
      field.value = given[field.name][0];
    }
  });
}

// Errors. Only what the fields themselves tell; all other rules are the server's.

function questionLeft(event) {
  var block = outermost(event.target);
  if (!block) { return; }
  // Not at once: a message that pushes the page down would take the button from under the finger.
  setTimeout(function () {
    if (!block.contains(document.activeElement)) { complain(block); }
  }, 300);
}

function outermost(element) {
  var found = null;
  for (; element && element !== form; element = element.parentNode) {
    if (element.className && / q /.test(' ' + element.className + ' ')) { found = element; }
  }
  return found;
}

// Says what is wrong with a question and those inside it; whether they must be answered before going on.
function complain(block) {
  return [block].concat(all('.q', block)).map(function (one) {
    var problem = problemOf(one);
    if (problem) { markWrong(one, problem.text); }
    return problem;
  }).filter(Boolean);
}

function problemOf(block) {
  var wrong;
  if (block.hidden || block.disabled) { return null; }
  wrong = fieldsOf(block).filter(function (field) { return isRefused(field) && questionOf(field) === block; })[0];
  if (wrong) { return { text: sentenceFor(wrong), firm: false }; }
  if (block.hasAttribute('data-need') && isBlank(block)) {
    return { text: block.getAttribute('data-say') || say.required, firm: true };
  }
  return null;
}

function isBlank(block) {
  return !fieldsOf(block).some(function (field) {
    return field.name && !/-count$/.test(field.name) && !field.disabled && (isBox(field) ? field.checked : field.value.trim());
  });
}

function sentenceFor(field) {
  var limits = { rangeUnderflow: 'min', rangeOverflow: 'max', stepMismatch: 'step' };
  var found = ['badInput', 'typeMismatch', 'rangeUnderflow', 'rangeOverflow', 'stepMismatch'].filter(function (flaw) {
    return field.validity[flaw] && say[field.type + '.' + flaw];
  })[0];
  if (!found) { return field.validationMessage; }
  return say[field.type + '.' + found].replace('{limit}', field.getAttribute(limits[found]));
}

function markWrong(block, text) {
  var error = document.getElementById(block.id + '-e');
  var above = block.querySelector('.hint') || block.querySelector('legend,.title');
  if (!error) {
    error = document.createElement('div');
    error.id = block.id + '-e';
    error.className = 'error';
    error.setAttribute('role', 'alert');
    above.parentNode.insertBefore(error, above.nextSibling);
    describe(block, [error.id]);
    block.className += ' wrong';
  }
  error.textContent = '';
  error.appendChild(document.createElement('p')).textContent = text;
}

function describe(block, more) {
  var target = block.nodeName === 'FIELDSET' ? block : document.getElementById(block.id + '-1');
  var ids = (target.getAttribute('aria-describedby') || '').split(' ').filter(function (id) {
    return id && id !== block.id + '-e';
  }).concat(more);
  target.setAttribute('aria-describedby', ids.join(' '));
  if (!ids.length) { target.removeAttribute('aria-describedby'); }
  target.setAttribute('aria-invalid', String(more.length > 0));
}

// A question that was answered otherwise loses its error; the server will say whether there is another.
function relieve(element) {
  var block;
  var error;
  for (block = questionOf(element); block; block = questionOf(block.parentNode)) {
    error = document.getElementById(block.id + '-e');
    if (error && !problemOf(block)) {
      error.parentNode.removeChild(error);
      block.className = block.className.replace(' wrong', '');
      describe(block, []);
    }
  }
}
