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
  if (document.querySelector('[data-done]')) { forget(); }
}

function forget() {
  try { window.sessionStorage.clear(); } catch (refused) { return; }
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
// What the server may have of this page: as it came, and each saving that it may have taken.
var known = [];
var MOST_KNOWN = 20;

function startPage() {
  var summary = document.getElementById('errors');
  say = JSON.parse(form.getAttribute('data-wrong'));
  startKept();
  all('textarea[maxlength]').forEach(countLetters);
  form.addEventListener('change', pageChanged);
  form.addEventListener('input', pageChanged);
  form.addEventListener('blur', questionLeft, true);
  showOthers();
  if (summary) { summary.focus(); }
}

// What is typed is kept, here at once and by the server soon, also of a visit without the app.
function startKept() {
  restoreTyped();
  form.addEventListener('change', keepChanged);
  form.addEventListener('input', keepChanged);
  form.addEventListener('submit', pageLeft);
  document.addEventListener('visibilitychange', saveInHurry);
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

// All that a saving sends, or what a person has typed of it.
function encoded(typed) {
  return fieldsOf(form).filter(function (field) {
    if (!field.name || field.disabled || field.type === 'file' || (typed && field.type === 'hidden')) { return false; }
    return field.checked || !isBox(field);
  }).map(function (field) {
    return encodeURIComponent(field.name) + '=' + encodeURIComponent(field.value);
  }).join('&');
}

function pageChanged(event) {
  showOthers();
  relieve(event.target);
}

function keepChanged() {
  keepTyped();
  if (form.getAttribute('data-draft')) {
    document.getElementById('saved').textContent = '';
    clearTimeout(timer);
    timer = setTimeout(saveDraft, 3000);
  }
}

// What fails is tried again with the next change, and the next button saves in any case.
function saveDraft() {
  var request = new XMLHttpRequest();
  var typed = encoded(true);
  timer = null;
  mayBeKnown(typed);
  request.open('POST', form.getAttribute('data-draft'));
  request.setRequestHeader('Content-Type', 'application/x-www-form-urlencoded');
  request.onload = function () {
    if (request.status !== 204) { return; }
    document.getElementById('saved').textContent = form.getAttribute('data-saved');
    known = [typed];
    if (typed === encoded(true)) { memory('sessionStorage', keptAs(), null); } else { keepTyped(); }
  };
  request.onerror = function () {
    document.getElementById('saved').textContent = form.getAttribute('data-unsaved') || '';
  };
  request.send(encoded());
}

// The first of them stands until a saving is confirmed.
function mayBeKnown(typed) {
  if (known.length === MOST_KNOWN) { known.splice(1, 1); }
  known.push(typed);
}

// The page is put away, perhaps for ever.
function saveInHurry() {
  if (document.hidden && timer && navigator.sendBeacon && window.Blob) {
    mayBeKnown(encoded(true));
    navigator.sendBeacon(form.getAttribute('data-draft'), new Blob([encoded()], { type: 'application/x-www-form-urlencoded' }));
  }
}

// Without a network the browser would put a page of its own in the place of this one.
function pageLeft(event) {
  var offline = document.getElementById('offline');
  keepTyped();
  if (navigator.onLine === false) {
    event.preventDefault();
    offline.textContent = form.getAttribute('data-offline');
    offline.hidden = false;
    return;
  }
  // A beacon of the page that goes would undo what its button does, such as taking a panel away.
  clearTimeout(timer);
  timer = null;
}

// By the task and its page, not by the address: whoever opens the link again gets another address.
function keptAs() {
  return 'kept ' + (form.getAttribute('data-kept') || location.pathname);
}

// What no server has seen yet outlives a reload, a crash and a network that was away all the while.
function keepTyped() {
  memory('sessionStorage', keptAs(), JSON.stringify([known, encoded(true)]));
}

// Put back only where the server still has what it had: what it took since is newer, or says what is wrong.
function restoreTyped() {
  var kept = JSON.parse(memory('sessionStorage', keptAs()) || 'null');
  var came = encoded(true);
  known = [came];
  if (kept && kept[0].indexOf(came) >= 0) {
    known = kept[0];
    fillIn(kept[1].split('&'));
  } else {
    memory('sessionStorage', keptAs(), null);
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
