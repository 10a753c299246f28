// One question at a time, where the form asks for it and always in large type; read aloud on request.

var single = false;
var current = null;
var warned = null;

function startSteps() {
  var memo = (memory('sessionStorage', 'at') || '').split(' ');
  var name = window.history.state ? window.history.state.q : memo[0] === pageIndex() && memo.slice(1).join(' ');
  memory('sessionStorage', 'at', null);
  current = form.querySelector('.wrong') || elementNamed(location.hash.slice(1)) || questionNamed(name);
  current = current && outermost(current);
  form.addEventListener('click', buttonPressed);
  form.addEventListener('change', function () { warned = null; arrange(); });
  form.addEventListener('submit', function () {
    if (current) { memory('sessionStorage', 'at', pageIndex() + ' ' + nameOf(current)); }
  });
  document.getElementById('earlier').addEventListener('click', stepBack);
  window.addEventListener('popstate', function (event) {
    if (single) { turnTo(questionNamed(event.state && event.state.q) || questions()[0], false); }
  });
  window.addEventListener('hashchange', function () {
    if (single && elementNamed(location.hash.slice(1))) { turnTo(outermost(elementNamed(location.hash.slice(1))), false); }
  });
  resized = arrange;
  startVoice();
  arrange();
  if (single && form.querySelector('.wrong')) { focusOn(current); }
}

function pageIndex() {
  return form.querySelector('[name=page]').value;
}

function elementNamed(id) {
  return id ? document.getElementById(decodeURIComponent(id)) : null;
}

function questions() {
  return all('form > .q').filter(function (block) { return !block.hidden; });
}

function questionNamed(name) {
  return questions().filter(function (block) { return nameOf(block) === name; })[0] || null;
}

// Shows the current question with the texts before it, or all of them.
function arrange() {
  var shown = questions();
  var place;
  single = shown.length > 0 && (isLarge() || form.hasAttribute('data-single'));
  if (shown.indexOf(current) < 0) { current = nearest(shown); }
  place = shown.indexOf(current);
  form.className = single ? 'single' : '';
  // The list of all errors would push the one question off the screen, which says its own.
  all('#errors').forEach(function (summary) { summary.hidden = single; });
  showCurrent(shown, place);
  document.getElementById('earlier').hidden = !single || place < 1;
  all('.more [value=back]').forEach(function (button) { button.hidden = single && place > 0; });
  labelButton(single && place < shown.length - 1);
  showProgress(place, shown.length);
}

// Where the current question has gone: the one behind its place.
function nearest(shown) {
  var behind = shown.filter(function (block) {
    return !current || current.compareDocumentPosition(block) & Node.DOCUMENT_POSITION_FOLLOWING;
  });
  return behind[0] || shown[shown.length - 1] || null;
}

// A text belongs to the question that follows it, and what follows the last one to that.
function showCurrent(shown, place) {
  var number = 0;
  all('form > *').forEach(function (element) {
    if (/^(INPUT|BUTTON|H1)$/.test(element.nodeName) || /^(go|more|error)$/.test(element.className)) { return; }
    element.classList.remove('away');
    if (single && Math.min(number, shown.length - 1) !== place) { element.classList.add('away'); }
    if (element === shown[number]) { number += 1; }
  });
}

// The last page says "send", but not before its last question.
function labelButton(goesOn) {
  var button = form.querySelector('[data-next]');
  if (!button) { return; }
  if (!button.last) { button.last = button.textContent; }
  button.textContent = goesOn ? button.getAttribute('data-next') : button.last;
}

function showProgress(place, total) {
  var bar = document.querySelector('.bar');
  var text = document.getElementById('progress');
  var from = Number(bar.getAttribute('data-from'));
  var share = Number(bar.getAttribute('data-share'));
  var step = form.getAttribute('data-step').replace('{number}', place + 1).replace('{count}', total);
  if (!text.pages) { text.pages = text.textContent; }
  if (!single) { step = ''; }
  if (bar.getAttribute('aria-valuemax') !== '1' || !single) { step = text.pages + (single ? ' · ' : '') + step; }
  text.textContent = step;
  bar.setAttribute('aria-label', step);
  bar.querySelector('rect').setAttribute('width', from + (single ? share * (place + 1) / total : share) + '%');
}

function buttonPressed(event) {
  var button = event.target;
  var problems;
  while (button && button !== form && button.nodeName !== 'BUTTON') { button = button.parentNode; }
  if (!single || !button || button.name !== 'go' || !/^(next|finish)$/.test(button.value)) { return; }
  problems = complain(current);
  if (problems.length && (warned !== current || problems.some(function (one) { return one.firm; }))) {
    // What only the browser takes for wrong is said once: it may be mistaken, and the server decides.
    warned = current;
    event.preventDefault();
    focusOn(current);
  } else if (questions().indexOf(current) < questions().length - 1) {
    event.preventDefault();
    turnTo(questions()[questions().indexOf(current) + 1], true);
    if (form.getAttribute('data-draft')) { saveDraft(); }
  }
}

function stepBack() {
  if (window.history.state && window.history.state.depth) {
    window.history.back();
  } else {
    turnTo(questions()[questions().indexOf(current) - 1], false);
  }
}

function turnTo(block, forward) {
  var depth = (window.history.state && window.history.state.depth) || 0;
  if (forward) {
    window.history.replaceState({ q: nameOf(current), depth: depth }, '');
    window.history.pushState({ q: nameOf(block), depth: depth + 1 }, '');
  }
  current = block;
  arrange();
  window.scrollTo(0, 0);
  focusOn(block);
}

function focusOn(block) {
  var heading = block.querySelector('legend,.title');
  heading.tabIndex = -1;
  heading.focus();
}

// The voices of a browser come late, and some browsers have none for the language: then there is no button.
function startVoice() {
  var button = document.getElementById('aloud');
  var speech = window.speechSynthesis;
  var language = /^zh/.test(root.lang) ? /^(zh|cmn)/ : /^en/;
  function offerVoice() {
    button.hidden = !isLarge() || !speech.getVoices().some(function (voice) { return language.test(voice.lang); });
  }
  if (!speech || !window.SpeechSynthesisUtterance) { return; }
  resized = function () {
    arrange();
    offerVoice();
  };
  speech.onvoiceschanged = offerVoice;
  button.addEventListener('click', function () {
    var speaking = speech.speaking;
    speech.cancel();
    if (!speaking) { speech.speak(utterance(speech, language)); }
  });
  offerVoice();
}

function utterance(speech, language) {
  var said = new window.SpeechSynthesisUtterance(textAloud());
  said.lang = root.lang;
  said.voice = speech.getVoices().filter(function (voice) { return language.test(voice.lang); })[0];
  return said;
}

function textAloud() {
  return all('legend,.title,.hint,.error,.note p,.opt span,.scale span', form).filter(function (text) {
    return text.offsetParent;
  }).map(function (text) { return text.textContent.trim(); }).join('\n');
}
