// Answers as they stand in the fields of a page. A question is an element with `data-q`, its name; inside a
// group the name is the way to it: `p[0].x`, `m[row].x`, `t.x`.

var form = document.querySelector('form');
var readers = {};

function all(selector, within) {
  return Array.prototype.slice.call((within || document).querySelectorAll(selector));
}

function questionOf(element) {
  while (element && element !== form && !(element.getAttribute && element.getAttribute('data-q'))) {
    element = element.parentNode;
  }
  return element === form ? null : element;
}

function nameOf(block) {
  return block.getAttribute('data-q');
}

function kindOf(block) {
  return block.getAttribute('data-kind');
}

function isBox(field) {
  return field.type === 'radio' || field.type === 'checkbox';
}

function isRefused(field) {
  return Boolean(field.validity && !field.validity.valid);
}

function fieldsOf(block) {
  return all('input,select,textarea', block);
}

// The texts of the fields of one name; what the browser itself refuses is no answer.
function textsOf(block, name) {
  return fieldsOf(block).filter(function (field) {
    return field.name === name && (!isBox(field) || field.checked) && !isRefused(field);
  }).map(function (field) { return field.value.trim(); }).filter(Boolean);
}

function lastText(block, name) {
  var texts = textsOf(block, name);
  return texts.length ? texts[texts.length - 1] : null;
}

// The answer of a question; kinds whose answer is no text have rows. `offered(block, choice)` says whether a
// choice can be chosen now.
function answerOf(block, offered) {
  var read = readers[all('input[type=number]', block).length ? 'number' : kindOf(block)];
  var text = lastText(block, nameOf(block));
  if (read) { return read(block, offered, text); }
  return text !== null && offered(block, text) ? text : null;
}

readers.number = function (block, offered, text) {
  return kindOf(block) === 'text' ? text && Number(text) : null;
};

readers.checkbox = function (block, offered) {
  return orNothing(textsOf(block, nameOf(block)).filter(function (each) { return offered(block, each); }));
};

readers.file = function (block) {
  return orNothing(textsOf(block, nameOf(block)));
};

readers.ranking = function (block, offered) {
  return orNothing(inOrder(block).map(function (field) {
    return choiceOf(block, field);
  }).filter(function (each) { return offered(block, each); }));
};

function inOrder(block) {
  return all('select', block).filter(function (field) { return field.value; }).sort(function (one, other) {
    return one.value - other.value;
  });
}

// The choice or the row that a field is for: `q[choice]`.
function choiceOf(block, field) {
  return field.name.slice(nameOf(block).length + 1, -1);
}

readers.matrix = function (block) {
  var rows = Object.create(null);
  fieldsOf(block).forEach(function (field) {
    if (field.checked) { rows[choiceOf(block, field)] = field.value; }
  });
  return orNothing(rows);
};

readers.signaturepad = function (block, offered, text) {
  return lastText(block, nameOf(block) + '-drawn') || (text && 'typed:' + text);
};

readers.geolocation = function (block, offered, text) {
  var parts = (text || '').split(',');
  return text && { latitude: Number(parts[0]), longitude: Number(parts[1]) };
};

readers.boolean = function (block, offered, text) {
  return text && ownValue(block, text);
};

readers.consent = function (block, offered, text) {
  return text ? true : null;
};

// A list or a map without anything in it is no answer.
function orNothing(value) {
  return (value instanceof Array ? value : Object.keys(value)).length ? value : null;
}

// A boolean's fields say true and false; the form may have other words for them.
function ownValue(block, text) {
  var own = block.getAttribute('data-' + text);
  return own === null ? text === 'true' : JSON.parse(own);
}

// Writes an answer into its fields.
function setAnswer(block, value) {
  var wanted = (value instanceof Array ? value : [value]).map(String);
  fieldsOf(block).filter(function (field) { return field.name === nameOf(block); }).forEach(function (field) {
    if (isBox(field)) {
      field.checked = wanted.indexOf(field.value) >= 0 || (kindOf(block) === 'boolean' && ownValue(block, field.value) === value);
    } else {
      field.value = wanted[0];
    }
  });
}

// An answer as people read it: choices by their labels.
function shownAnswer(block, value) {
  if (value instanceof Array) {
    return value.map(function (each) { return shownAnswer(block, each); }).join(/^zh/.test(document.documentElement.lang) ? '、' : ', ');
  }
  return labelOf(block, value) || textOf(value);
}

function labelOf(block, value) {
  var found = all('input,option', block).filter(function (field) {
    return field.value === String(value) || (kindOf(block) === 'boolean' && field.value && ownValue(block, field.value) === value);
  })[0];
  var label = found && (found.nodeName === 'OPTION' ? found : isBox(found) && found.nextElementSibling);
  return label ? label.textContent : '';
}
