// Better controls in the place of plain ones that hold the answer: a slider, buttons that put choices in
// order, the position of the phone, one box for all choices, stars up to the one that was chosen.

function madeElement(tag, attributes, text) {
  var element = document.createElement(tag);
  Object.keys(attributes).forEach(function (name) { element.setAttribute(name, attributes[name]); });
  element.textContent = text || '';
  return element;
}

// A field that a script has written to has changed like any other.
function announce(field) {
  var event = document.createEvent('HTMLEvents');
  event.initEvent('change', true, false);
  field.dispatchEvent(event);
}

function startRanges() {
  all('input[data-range]').forEach(function (field) {
    var slider = madeElement('input', { type: 'range', tabindex: '-1', 'aria-hidden': 'true' });
    ['min', 'max', 'step'].forEach(function (name) {
      if (field.hasAttribute(name)) { slider.setAttribute(name, field.getAttribute(name)); }
    });
    function follow() { slider.value = field.value; }
    field.parentNode.insertBefore(slider, field);
    field.addEventListener('input', follow);
    slider.addEventListener('input', function () { field.value = slider.value; });
    slider.addEventListener('change', function () {
      field.value = slider.value;
      announce(field);
    });
    follow();
  });
}

function startRankings() {
  all('.rank:not(.partly)').forEach(function (list) {
    var rows = all('li', list);
    var keep = madeElement('button', { type: 'button', class: 'small' }, list.getAttribute('data-keep'));
    rows.forEach(function (row) { addMoves(list, row, keep); });
    list.classList.add('moving');
    rows.sort(function (one, other) { return rankOf(one) - rankOf(other); }).forEach(function (row) { list.appendChild(row); });
    keep.addEventListener('click', function () { renumber(list, keep); });
    list.parentNode.insertBefore(keep, list.nextSibling);
    keep.hidden = rows.some(function (row) { return row.querySelector('select').value; });
  });
}

function rankOf(row) {
  return Number(row.querySelector('select').value) || 1000;
}

function addMoves(list, row, keep) {
  var label = row.querySelector('label').textContent;
  ['up', 'down'].forEach(function (way) {
    var text = list.getAttribute('data-' + way);
    var button = madeElement('button', { type: 'button', class: 'small', 'aria-label': text + ' ' + label }, way === 'up' ? '↑' : '↓');
    button.addEventListener('click', function () {
      var other = neighbour(row, way);
      if (other) { list.insertBefore(way === 'up' ? row : other, way === 'up' ? other : row); }
      renumber(list, keep);
      button.focus();
    });
    row.appendChild(button);
  });
}

function neighbour(row, way) {
  var other = row;
  do {
    other = way === 'up' ? other.previousElementSibling : other.nextElementSibling;
  } while (other && other.hidden);
  return other;
}

function renumber(list, keep) {
  var fields = all('li:not([hidden]) select', list);
  fields.forEach(function (field, place) { field.value = String(place + 1); });
  keep.hidden = true;
  announce(fields[0]);
}

function startEvery() {
  all('[data-kind=checkbox]').forEach(function (block) {
    var name = nameOf(block);
    var every = fieldsOf(block).filter(function (field) { return field.name === name + '-all'; })[0];
    function own() {
      return fieldsOf(block).filter(function (field) {
        return field.name === name && !field.parentNode.hidden && !/^(none|other)$/.test(field.value);
      });
    }
    if (!every) { return; }
    // The boxes themselves say it now.
    every.removeAttribute('name');
    every.addEventListener('change', function () {
      own().forEach(function (field) { field.checked = every.checked; });
      fieldsOf(block).forEach(function (field) { if (field.value === 'none') { field.checked = false; } });
    });
    block.addEventListener('change', function () {
      every.checked = own().every(function (field) { return field.checked; });
    });
  });
}

function startStars() {
  all('.stars').forEach(function (scale) {
    function light() {
      var boxes = all('input', scale);
      var chosen = boxes.filter(function (box) { return box.checked; })[0];
      boxes.forEach(function (box, place) {
        box.parentNode.className = chosen && place <= boxes.indexOf(chosen) ? 'lit' : '';
      });
    }
    form.addEventListener('change', light);
    light();
  });
}

function startPlaces() {
  if (!navigator.geolocation) { return; }
  all('.place').forEach(function (line) {
    var field = line.querySelector('input');
    var button = madeElement('button', { type: 'button', class: 'small' }, line.getAttribute('data-find'));
    var status = madeElement('span', { role: 'status', class: 's' });
    function found(position) {
      var at = position.coords;
      field.value = [
        at.latitude.toFixed(6), at.longitude.toFixed(6), Math.ceil(at.accuracy), 'WGS-84',
        new Date(position.timestamp).toISOString().slice(0, 19) + 'Z'
      ].join(',');
      status.textContent = '';
      announce(field);
    }
    button.addEventListener('click', function () {
      status.textContent = line.getAttribute('data-finding');
      navigator.geolocation.getCurrentPosition(found, function () {
        status.textContent = line.getAttribute('data-failed');
      }, { enableHighAccuracy: true, timeout: 20000 });
    });
    line.parentNode.insertBefore(button, line);
    line.parentNode.insertBefore(status, line);
  });
}
