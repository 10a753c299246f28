// Evaluates the trees of server/forms/expressions in the page, with the same answers as operations.py.
// A page gets only the declarations that its trees need (server/web/linking.py): each begins in the first
// column. Missing is null. A date is a Date whose UTC fields are wall time. Nothing here throws.

var nodes = {};
var operators = {};
var functions = {};
// Filled in where a date is made: a page without dates has no code for them.
var dates = {};
var MAX_TEXT = 10000;

function has(holder, name) {
  return Object.prototype.hasOwnProperty.call(holder, name);
}

// `get` gives the value of a name; `get.today` is ISO text and `get.shown` an answer as people read it.
function evaluate(node, get) {
  var special = nodes[node[0]];
  if (special) { return special(node, get); }
  return operators[node[0]](evaluate(node[1], get), node.length > 2 ? evaluate(node[2], get) : null);
}

function holds(node, get) {
  return evaluate(node, get) === true;
}

// A result as JSON would hold it.
function plainValue(value) {
  if (value instanceof Date) { return dates.text(value); }
  if (value instanceof Array) { return value.map(plainValue); }
  return value === 0 ? 0 : value;
}

nodes.value = function (node) {
  return node[1];
};

nodes.name = function (node, get) {
  return loosened(node[2].length ? along(get(node[1]), node[2]) : get(node[1]));
};

nodes.items = function (node, get) {
  return evaluated(node, 1, get);
};

nodes.call = function (node, get) {
  return functions[node[1]](evaluated(node, 2, get), get, node);
};

function evaluated(node, first, get) {
  return node.slice(first).map(function (one) { return evaluate(one, get); });
}

function along(value, path) {
  var place = 0;
  var found;
  while (place < path.length && value !== null && value !== undefined) {
    if (isMap(value) && typeof path[place] === 'string') {
      found = entryOf(value, path.slice(place));
      place += found[0];
      value = found[1];
    } else {
      value = stepped(value, path[place]);
      place += 1;
    }
  }
  if (value === null || value === undefined) { return path[path.length - 1] === 'length' ? 0 : null; }
  return value;
}

// The entry of the longest key that the path spells: a row may be called 1.5.
function entryOf(map, rest) {
  var keys = Object.keys(map);
  var taken = 0;
  var place;
  var wanted;
  while (taken < rest.length && typeof rest[taken] === 'string') { taken += 1; }
  for (; taken > 0; taken -= 1) {
    wanted = rest.slice(0, taken).join('.').toLowerCase();
    for (place = 0; place < keys.length; place += 1) {
      if (keys[place].toLowerCase() === wanted) { return [taken, map[keys[place]]]; }
    }
  }
  return [rest.length, null];
}

function stepped(value, part) {
  if (typeof part === 'number') {
    if (!(value instanceof Array)) { return null; }
    return value[part < 0 ? value.length + part : part];
  }
  return part === 'length' && (value instanceof Array || typeof value === 'string') ? value.length : null;
}

function finite(number) {
  return isFinite(number) ? number : null;
}

function isMap(value) {
  return typeof value === 'object' && value !== null && !(value instanceof Array) && !(value instanceof Date);
}

function isNested(value) {
  return isMap(value) || value instanceof Array;
}

function isEmpty(value) {
  if (value === null || value === undefined || value === '') { return true; }
  if (value instanceof Array) { return !value.length; }
  return isMap(value) && Object.keys(value).every(function (key) { return isEmpty(value[key]); });
}

// Numeric text is a number unless it starts with 0 (007 is a code).
function loosened(value) {
  var number;
  if (typeof value !== 'string') { return value === undefined ? null : value; }
  if (/^(true|false)$/i.test(value)) { return value.toLowerCase() === 'true'; }
  number = numberIn(value);
  return number === null || /^0[^.,x]/.test(value) ? value : number;
}

function numberIn(text) {
  var trimmed = text.trim();
  if (trimmed.slice(0, 2) === '0x') { return /^0x[0-9a-fA-F]{1,12}$/.test(trimmed) ? parseInt(trimmed, 16) : null; }
  if (!/^[+-]?(\d+([.,]\d*)?|[.,]\d+)(e[+-]?\d{1,3})?$/i.test(trimmed)) { return null; }
  return trimmed.length > 15 && /^\d+$/.test(trimmed) ? null : finite(parseFloat(trimmed.replace(',', '.')));
}

function strictNumber(text) {
  var trimmed = text.trim();
  if (!trimmed) { return 0; }
  if (/^0x[0-9a-f]{1,12}$/i.test(trimmed)) { return parseInt(trimmed, 16); }
  return /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d{1,3})?$/i.test(trimmed) ? finite(parseFloat(trimmed)) : null;
}

function textOf(value) {
  if (value === null || value === undefined) { return ''; }
  if (value instanceof Date) { return dates.text(value); }
  if (value instanceof Array) { return value.slice(0, 100).map(textOf).join(',').slice(0, MAX_TEXT); }
  return String(value);
}

function numberOf(value) {
  if (value === null || value === undefined) { return 0; }
  if (typeof value === 'string') { return strictNumber(value); }
  if (value instanceof Array) { return strictNumber(textOf(value)); }
  return typeof value === 'object' ? null : finite(Number(value));
}

function equal(left, right) {
  var pair;
  if (typeof left === 'number' && typeof right === 'number') { return left === right; }
  if (typeof left === 'string' && typeof right === 'string') {
    return left.trim().toLowerCase() === right.trim().toLowerCase();
  }
  if (isEmpty(left) || isEmpty(right)) {
    return isEmpty(left) && isEmpty(right) && isNested(left) === isNested(right);
  }
  if (left instanceof Date || right instanceof Date) {
    pair = dates.compare(left, right);
    return pair !== null && pair[0] === pair[1];
  }
  if (isNested(left) || isNested(right)) { return equalNested(left, right); }
  if (typeof left === 'boolean' && typeof right === 'string') { return String(left) === right.toLowerCase(); }
  if (typeof right === 'boolean' && typeof left === 'string') { return String(right) === left.toLowerCase(); }
  pair = [numberOf(left), numberOf(right)];
  return pair[0] !== null && pair[0] === pair[1];
}

function equalNested(left, right) {
  var sorted;
  var keys;
  if (left instanceof Array && right instanceof Array) {
    sorted = [left, right].map(byText);
    return left.length === right.length && sorted[0].every(function (one, place) { return equal(one, sorted[1][place]); });
  }
  if (!isMap(left) || !isMap(right)) { return false; }
  keys = Object.keys(left);
  return keys.length === Object.keys(right).length && keys.every(function (key) {
    return has(right, key) && equal(left[key], right[key]);
  });
}

// The sort of old browsers does not keep the order of equals.
function byText(list) {
  return list.map(function (one, place) {
    return [one === null ? 'null' : textOf(one), place, one];
  }).sort(function (one, other) {
    if (one[0] === other[0]) { return one[1] - other[1]; }
    return one[0] < other[0] ? -1 : 1;
  }).map(function (row) { return row[2]; });
}

function less(left, right) {
  return ordered(left, right, function (one, other) { return one < other; });
}

function greater(left, right) {
  if (left instanceof Date || right instanceof Date) {
    return ordered(left, right, function (one, other) { return one > other; });
  }
  return less(right, left);
}

function ordered(left, right, compare) {
  var pair;
  if (left === null || right === null || left === undefined || right === undefined) { return false; }
  if (left instanceof Date || right instanceof Date) {
    pair = dates.compare(left, right);
    return pair !== null && compare(pair[0], pair[1]);
  }
  left = isNested(left) ? textOf(left) : left;
  right = isNested(right) ? textOf(right) : right;
  if (typeof left === 'string' && typeof right === 'string') { return compare(left, right); }
  left = numberOf(left);
  right = numberOf(right);
  return left !== null && right !== null && compare(left, right);
}

function contains(left, right, unwanted) {
  var wanted = unwanted !== true;
  var found;
  if (left instanceof Array) {
    found = left.length > 0 && (right instanceof Array ? right : [right]).every(function (one) {
      return left.some(function (item) { return equal(item, one); });
    });
    return found === wanted;
  }
  if (left === null || left === undefined || left === '' || !right) { return false; }
  return (textOf(left).toLowerCase().indexOf(textOf(right).toLowerCase()) >= 0) === wanted;
}

function anyOf(left, right) {
  if (isEmpty(left) || isEmpty(right)) { return isEmpty(right); }
  if (!(left instanceof Array)) { return contains(right, left); }
  return (right instanceof Array ? right : [right]).some(function (one) { return contains(left, one); });
}

// What SurveyJS calculates with in the place of a missing operand.
function operand(value, other) {
  if (!isEmpty(value) || (typeof value === 'string' && typeof other !== 'number')) { return value; }
  if (typeof other === 'string') { return ''; }
  return other instanceof Array ? [] : 0;
}

function calculated(compute) {
  return function (left, right) {
    left = operand(left, right);
    return compute(left, operand(right, left));
  };
}

function counts(value) {
  if (value instanceof Array) { return Boolean(textOf(value).trim()) && strictNumber(textOf(value)) !== null; }
  return typeof value === 'number' || (typeof value === 'string' && numberIn(value) !== null);
}

function added(left, right) {
  if (!(counts(left) && counts(right))) {
    if (left instanceof Array && right instanceof Array) { return left.concat(right).slice(0, MAX_TEXT / 10); }
    if (left instanceof Array) { return addedToList(left, right, false); }
    if (right instanceof Array) { return addedToList(right, left, true); }
  }
  return plus(left, right);
}

function addedToList(list, value, before) {
  var text = list.slice(0, 100).map(textOf).join(typeof value === 'string' ? ', ' : ',');
  if (typeof value !== 'number') { return (before ? textOf(value) + text : text + textOf(value)).slice(0, MAX_TEXT); }
  return plus(list.reduce(function (total, item) {
    return typeof item === 'number' ? plus(total, item) : total;
  }, 0), value);
}

function plus(left, right) {
  if ([left, right].some(function (one) { return typeof one === 'string' || (typeof one === 'object' && one !== null); })) {
    return (textOf(left) + textOf(right)).slice(0, MAX_TEXT);
  }
  return tidied(left, right, function (one, other) { return one + other; }, Math.max);
}

// 0.1 + 0.2 is 0.3: a result has no more places than its operands allow.
function tidied(left, right, compute, places) {
  var first = numberOf(left);
  var last = numberOf(right);
  var result;
  var most;
  if (first === null || last === null) { return null; }
  result = finite(compute(first, last));
  most = places(placesIn(left), placesIn(right));
  if (result === null || !most || Math.abs(result) >= 1e21) { return result; }
  try { return Number(result.toFixed(Math.min(most, 100))); } catch (old) { return Number(result.toFixed(20)); }
}

function placesIn(value) {
  var text;
  if ((typeof value === 'number' && value % 1 === 0) || !counts(value)) { return 0; }
  text = textOf(value);
  return text.indexOf('.') < 0 ? 0 : text.length - text.indexOf('.') - 1;
}

function figured(compute) {
  return calculated(function (left, right) {
    var first = numberOf(left);
    var last = numberOf(right);
    return first === null || last === null ? null : finite(compute(first, last));
  });
}

operators['!'] = function (value) {
  return !value;
};

operators.empty = isEmpty;

operators.notempty = function (value) {
  return !isEmpty(value);
};

operators['='] = equal;

operators['!='] = function (left, right) {
  return !equal(left, right);
};

operators['<'] = less;

operators['>'] = greater;

operators['<='] = function (left, right) {
  return equal(left, right) || less(left, right);
};

operators['>='] = function (left, right) {
  return equal(left, right) || greater(left, right);
};

operators.contains = function (left, right) {
  return contains(left, right);
};

operators.notcontains = function (left, right) {
  return (!left && !isEmpty(right)) || contains(left, right, true);
};

operators.anyof = anyOf;

operators.noneof = function (left, right) {
  return !anyOf(left, right);
};

operators.allof = function (left, right) {
  if (!left && !isEmpty(right)) { return false; }
  return right instanceof Array ? right.every(function (one) { return contains(left, one); }) : contains(left, right);
};

operators.and = calculated(function (left, right) {
  return left ? right : left;
});

operators.or = calculated(function (left, right) {
  return left || right;
});

operators['+'] = calculated(added);

operators['-'] = calculated(function (left, right) {
  return tidied(left, right, function (one, other) { return one - other; }, Math.max);
});

operators['*'] = calculated(function (left, right) {
  return tidied(left, right, function (one, other) { return one * other; }, function (one, other) { return one + other; });
});

operators['/'] = figured(function (left, right) {
  return left / right;
});

operators['%'] = figured(function (left, right) {
  return left % right;
});

operators['^'] = figured(Math.pow);
