// What the server would decide about this page, at once: what is asked, what must be answered, which choices
// there are, calculated values, answers in titles. The rules stand in the form's `data-logic` as
// server/forms/pages/logic.py writes them; the server decides again when the page is sent.

var effects = {};
var rounds = {};
var pageRules = {};
var pageBlocks = Object.create(null);
var settled = null;
var watchedBefore = null;
var getValue = null;
// A row that a page has only with groups: named so, and not outright, it is not linked for the others.
var GROUP = 'inside';

function startLive() {
  pageRules = JSON.parse(form.getAttribute('data-logic'));
  all('[data-q]', form).forEach(function (block) { pageBlocks[nameOf(block)] = block; });
  all('.held', form).forEach(function (copy) { copy.parentNode.removeChild(copy); });
  form.appendChild(madeField('live', '1'));
  form.addEventListener('change', update);
  form.addEventListener('input', update);
  getValue = getter(null);
  update();
}

function madeField(name, value) {
  var field = document.createElement('input');
  field.type = 'hidden';
  field.name = name;
  field.value = value;
  return field;
}

// `inside` are the answers of one panel or row: {word, values}.
function getter(inside) {
  function value(name) { return inside && name === inside.word ? inside.values : valueOf(name); }
  value.today = pageRules.today;
  value.shown = getValue && getValue.shown;
  return value;
}

function ruleOf(rules, part, name) {
  return rules[part] && has(rules[part], name) ? rules[part][name] : null;
}

function rule(part, name) {
  return ruleOf(pageRules, part, name);
}

// Each name is decided once for each change; the linter has refused circles.
function valueOf(name) {
  if (!has(settled, name)) {
    settled[name] = null;
    settled[name] = decided(name);
  }
  return settled[name];
}

function decided(name) {
  if (has(pageBlocks, name) && !isAsked(name) && !pageRules.keep) { return null; }
  if (rule('calc', name)) { return plainValue(evaluate(rule('calc', name), getValue)); }
  if (rule('inside', name)) { return readers[GROUP](name); }
  if (has(pageBlocks, name)) { return answerOf(pageBlocks[name], isOffered); }
  return rule('values', name) === null ? lastText(form, name) : pageRules.values[name];
}

function isAsked(name) {
  return areTrue(rule('show', name), getValue);
}

function areTrue(trees, reader) {
  return !trees || trees.every(function (tree) { return holds(tree, reader); });
}

function isOffered(block, choice) {
  return offers(rule('pick', nameOf(block)), choice, getValue);
}

function offers(conditions, choice, reader) {
  return !conditions || !has(conditions, choice) || holds(conditions[choice], reader);
}

function shownText(name, value) {
  if (has(pageBlocks, name)) { return shownAnswer(pageBlocks[name], value); }
  return rule('texts', name) || textOf(value);
}

// A page has the rounds that its rules need, and each change goes through all of them.
function update() {
  settled = Object.create(null);
  Object.keys(rounds).forEach(function (name) { rounds[name](); });
}

// `setvalue` acts when something it reads has changed, so that a person can still answer otherwise.
rounds.set = function () {
  var now = watched();
  var due = pageRules.set.filter(function (setting, at) {
    return watchedBefore && now[at] !== watchedBefore[at] && holds(setting[1], getValue);
  });
  due.forEach(function (setting) { setAnswer(pageBlocks[setting[2]], setting[3]); });
  settled = Object.create(null);
  watchedBefore = watched();
};

rounds.labels = function () {
  getValue.shown = shownText;
};

rounds.show = function () {
  Object.keys(pageBlocks).forEach(function (name) { showBlock(pageBlocks[name], name, pageRules, getValue); });
};

rounds.inside = function () {
  Object.keys(pageRules.inside).forEach(showInside);
};

rounds.panels = function () {
  all('[data-of]', form).forEach(function (heading) {
    heading.hidden = JSON.parse(heading.getAttribute('data-of')).every(function (name) {
      return !has(pageBlocks, name) || pageBlocks[name].hidden;
    });
  });
};

rounds.pipes = function () {
  all('[data-pipe]', form).forEach(function (spot) {
    var name = spot.getAttribute('data-pipe');
    spot.textContent = isEmpty(valueOf(name)) ? '' : shownText(name, valueOf(name));
  });
};

// `rules` are those of the page or of the inside of a group, `reader` what they read.
function showBlock(block, name, rules, reader) {
  if (ruleOf(rules, 'show', name)) { block.hidden = !areTrue(rules.show[name], reader); }
  Object.keys(effects).forEach(function (part) {
    if (ruleOf(rules, part, name)) { effects[part](block, rules[part][name], reader); }
  });
}

effects.calc = function (block, tree, reader) {
  block.querySelector('b').textContent = textOf(evaluate(tree, reader)) || '—';
};

effects.need = function (block, tree, reader) {
  var needed = holds(tree, reader);
  var sign = block.querySelector('abbr');
  if (needed === block.hasAttribute('data-need')) { return; }
  if (needed) {
    block.setAttribute('data-need', '');
    sign = document.createElement('abbr');
    sign.title = form.getAttribute('data-needed');
    sign.textContent = ' *';
    block.querySelector('legend,.title').appendChild(sign);
  } else {
    block.removeAttribute('data-need');
    sign.parentNode.removeChild(sign);
  }
};

// A field that is switched off is not sent, and its answer stays: it travels beside the field.
effects.able = function (block, tree, reader) {
  var able = holds(tree, reader);
  (block.held || []).forEach(function (copy) { form.removeChild(copy); });
  block.held = fieldsOf(block).filter(function (field) {
    return !able && field.name && (field.checked || !isBox(field)) && field.type !== 'file';
  }).map(function (field) { return form.appendChild(madeField(field.name, field.value)); });
  if (block.nodeName === 'FIELDSET') { block.disabled = !able; }
  fieldsOf(block).forEach(function (field) { field.disabled = !able; });
};

effects.pick = function (block, conditions, reader) {
  var isRanking = kindOf(block) === 'ranking';
  all(isRanking ? 'li' : 'input,option', block).forEach(function (field) {
    var row = field.nodeName === 'INPUT' ? field.parentNode : field;
    var choice = isRanking ? choiceOf(block, field.querySelector('select')) : field.value;
    if (!has(conditions, choice)) { return; }
    row.hidden = !holds(conditions[choice], reader);
    if (field.nodeName === 'OPTION') { field.disabled = row.hidden; }
  });
  if (isRanking) { closeRanks(block); }
};

// Without the choices that are gone the numbers of the others must still make an order.
function closeRanks(block) {
  all('li[hidden] select', block).forEach(function (field) { field.value = ''; });
  inOrder(block).forEach(function (field, place) { field.value = String(place + 1); });
}

// The panels or rows of a group: [{key, blocks: {name: block}, values}], settled as the server walks them.
function instances(group) {
  var found = [];
  var byKey = Object.create(null);
  all('[data-q]', pageBlocks[group]).forEach(function (block) {
    var way = /^(?:\[(.*)\])?\.([^\]]*)$/.exec(nameOf(block).slice(group.length));
    var key = way[1] === undefined ? '' : way[1];
    if (!has(byKey, key)) {
      byKey[key] = { key: key, blocks: Object.create(null), values: Object.create(null) };
      found.push(byKey[key]);
    }
    byKey[key].blocks[way[2]] = block;
  });
  found.forEach(function (one) { settle(one, pageRules.inside[group]); });
  return found;
}

// What one condition hides may hide more: as many rounds as there are questions, and one, are enough.
function settle(one, rules) {
  var reader = getter({ word: rules.word, values: one.values });
  var names = Object.keys(one.blocks);
  [null].concat(names).forEach(function (round) {
    names.forEach(function (name) {
      one.values[name] = round === null || areTrue(ruleOf(rules, 'show', name), reader) ? innerAnswer(one, name, rules, reader) : null;
    });
  });
}

function innerAnswer(one, name, rules, reader) {
  var tree = ruleOf(rules, 'calc', name);
  if (tree) { return plainValue(evaluate(tree, reader)); }
  return answerOf(one.blocks[name], function (block, choice) {
    return offers(ruleOf(rules, 'pick', name), choice, reader);
  });
}

function answered(values) {
  var kept = Object.create(null);
  Object.keys(values).forEach(function (name) { if (!isEmpty(values[name])) { kept[name] = values[name]; } });
  return kept;
}

readers.inside = function (group) {
  var found = instances(group);
  var rows = Object.create(null);
  if (pageRules.inside[group].answer === 'one') { return found.length ? orNothing(answered(found[0].values)) : null; }
  if (pageRules.inside[group].answer === 'list') {
    return orNothing(found.map(function (one) { return answered(one.values); }));
  }
  found.forEach(function (one) { rows[one.key] = answered(one.values); });
  return orNothing(answered(rows));
};

function showInside(group) {
  var rules = pageRules.inside[group];
  instances(group).forEach(function (one) {
    var reader = getter({ word: rules.word, values: one.values });
    Object.keys(one.blocks).forEach(function (name) { showBlock(one.blocks[name], name, rules, reader); });
  });
}

function watched() {
  return pageRules.set.map(function (setting) {
    return JSON.stringify(setting[0].map(valueOf));
  });
}
