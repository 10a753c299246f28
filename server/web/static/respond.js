(function () {
  'use strict';
  var root = document.documentElement;
  var large = document.getElementById('large');
  var form = document.querySelector('form');
  var summary = document.getElementById('errors');
  var timer;

  function remembered() {
    try { return localStorage.getItem('large'); } catch (refused) { return null; }
  }

  function setLarge(on) {
    root.className = on ? 'large' : '';
    large.setAttribute('aria-pressed', String(on));
  }

  function each(selector, act) {
    Array.prototype.forEach.call(document.querySelectorAll(selector), act);
  }

  // The field beside "other" shows only while "other" is chosen; without a script it is always there.
  function showOthers() {
    each('.other', function (other) {
      var choice = other.parentNode.querySelector('[value=other]');
      other.hidden = !(choice && (choice.checked || choice.selected));
    });
  }

  function count(area) {
    var counter = document.createElement('p');
    function show() { counter.textContent = area.value.length + ' / ' + area.getAttribute('maxlength'); }
    counter.className = 's';
    area.parentNode.insertBefore(counter, area.nextSibling);
    area.addEventListener('input', show);
    show();
  }

  function encoded() {
    var pairs = [];
    each('form input,form select,form textarea', function (field) {
      if (field.name && (field.checked || !/^(radio|checkbox)$/.test(field.type))) {
        pairs.push(encodeURIComponent(field.name) + '=' + encodeURIComponent(field.value));
      }
    });
    return pairs.join('&');
  }

  // What fails is tried again with the next change, and the next button saves in any case.
  function save() {
    var request = new XMLHttpRequest();
    request.open('POST', form.getAttribute('data-draft'));
    request.setRequestHeader('Content-Type', 'application/x-www-form-urlencoded');
    request.onload = function () {
      if (request.status === 204) {
        document.getElementById('saved').textContent = form.getAttribute('data-saved');
      }
    };
    request.send(encoded());
  }

  function changed() {
    showOthers();
    if (form.getAttribute('data-draft')) {
      document.getElementById('saved').textContent = '';
      clearTimeout(timer);
      timer = setTimeout(save, 3000);
    }
  }

  setLarge(remembered() ? remembered() === '1' : root.className === 'large');
  large.hidden = false;
  large.addEventListener('click', function () {
    var on = root.className !== 'large';
    setLarge(on);
    try { localStorage.setItem('large', on ? '1' : '0'); } catch (refused) { return; }
  });
  each('textarea[maxlength]', count);
  if (summary) { summary.focus(); }
  if (form) {
    form.addEventListener('change', changed);
    form.addEventListener('input', changed);
    form.addEventListener('submit', function () { clearTimeout(timer); });
    showOthers();
  }
}());
