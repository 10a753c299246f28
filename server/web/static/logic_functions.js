// The functions that expressions call, and their dates: functions.py, rows.py and dates.py for the page.
// Each takes its evaluated operands; those that read more take `get` and the node as well.

function momentOf(value) {
  var read = readMoment(value);
  return read && new Date(read[0]);
}

// Wall time in milliseconds and the offset in minutes where the text has one.
function readMoment(value) {
  var parts;
  var day;
  var time;
  dates.text = dateText;
  dates.compare = comparable;
  if (value instanceof Date) { return [value.getTime(), null]; }
  parts = typeof value === 'string' &&
    /^(\d{4})-(\d\d)(?:-(\d\d)(?:T(\d\d):(\d\d)(?::(\d\d(?:\.\d{1,6})?))?(Z|[+-]\d\d:\d\d)?)?)?$/.exec(value);
  if (!parts) { return null; }
  day = dayOf(Number(parts[1]), Number(parts[2]) - 1, Number(parts[3] || 1));
  if (!day || day.getUTCMonth() !== parts[2] - 1 || day.getUTCDate() !== Number(parts[3] || 1)) { return null; }
  time = [Number(parts[4] || 0), Number(parts[5] || 0), Number(parts[6] || 0)];
  if (time[0] > 23 || time[1] > 59 || time[2] >= 60) { return null; }
  return withOffset(day.getTime() + time[0] * 36e5 + time[1] * 6e4 + Math.floor(time[2] * 1000), parts[7]);
}

function withOffset(wall, zone) {
  var minutes;
  if (!zone) { return [wall, null]; }
  minutes = zone === 'Z' ? 0 : Number(zone.charAt(0) + '1') * (zone.slice(1, 3) * 60 + Number(zone.slice(4)));
  return Math.abs(minutes) < 1440 ? [wall, minutes] : null;
}

// Months and days may run over; null beyond the years 1 to 9999.
function dayOf(year, month, day) {
  var date = new Date(0);
  date.setUTCFullYear(year, month, day);
  return date.getUTCFullYear() > 0 && date.getUTCFullYear() < 10000 ? date : null;
}

function midnight(moment) {
  return new Date(Math.floor(moment.getTime() / 864e5) * 864e5);
}

// Two moments in the precision of both, or null where one is none.
function comparable(left, right) {
  var first = momentOf(left);
  var last = momentOf(right);
  if (!first || !last) { return null; }
  if (typeof right === 'string') {
    first = asPreciseAs(first, right);
    last = beside(last, first);
  } else if (typeof left === 'string') {
    first = beside(first, last);
  }
  return [first.getTime(), last.getTime()];
}

function asPreciseAs(moment, text) {
  if (text.length < 11) { return midnight(moment); }
  return new Date(Math.floor(moment.getTime() / (text.length < 17 ? 60000 : 1000)) * (text.length < 17 ? 60000 : 1000));
}

function beside(moment, other) {
  return Math.floor(other.getTime() / 1000) * 1000 === midnight(other).getTime() ? midnight(moment) : moment;
}

function dateText(moment) {
  var text = moment.toISOString();
  if (text.slice(11, 23) === '00:00:00.000') { return text.slice(0, 10); }
  return text.slice(0, text.slice(17, 19) === '00' ? 16 : 19);
}

function unitOf(operands, place, standard) {
  return isEmpty(operands[place]) ? standard : textOf(operands[place]);
}

function difference(start, end, unit) {
  var first = momentOf(start);
  var last = momentOf(end);
  var seconds = { hours: 3600, minutes: 60, seconds: 1 };
  var months;
  if (!first || !last) { return null; }
  if (unit === 'days') { return Math.abs(midnight(last) - midnight(first)) / 864e5; }
  if (has(seconds, unit)) { return Math.ceil(secondsBetween(start, end) / seconds[unit]); }
  months = (last.getUTCFullYear() - first.getUTCFullYear()) * 12 + last.getUTCMonth() - first.getUTCMonth();
  months -= last.getUTCDate() < first.getUTCDate() ? 1 : 0;
  if (unit === 'months') { return months; }
  return unit === 'years' ? truncated(months / 12) : null;
}

// Offsets count when both have one, else both are taken as wall time.
function secondsBetween(start, end) {
  var first = readMoment(start);
  var last = readMoment(end);
  var offsets = first[1] === null || last[1] === null ? 0 : (last[1] - first[1]) * 6e4;
  return Math.abs(last[0] - first[0] - offsets) / 1000;
}

function truncated(number) {
  return number < 0 ? Math.ceil(number) : Math.floor(number);
}

function shifted(moment, amount, unit) {
  var lengths = { hours: 36e5, minutes: 6e4, seconds: 1000, days: 864e5 };
  var count = truncated(amount);
  var time;
  var day;
  if (has(lengths, unit)) {
    time = new Date(moment.getTime() + count * lengths[unit]);
    return time.getUTCFullYear() > 0 && time.getUTCFullYear() < 10000 ? time : null;
  }
  time = moment - midnight(moment);
  day = dayOf(moment.getUTCFullYear(), moment.getUTCMonth() + count * (unit === 'years' ? 12 : 1), 1);
  return day && shifted(new Date(day.getTime() + time), moment.getUTCDate() - 1, 'days');
}

function flattened(values) {
  var found = [];
  var pending = values.slice().reverse();
  var value;
  var number;
  while (pending.length && found.length < 1000) {
    value = pending.pop();
    if (value instanceof Array) {
      pending = pending.concat(value.slice().reverse());
    } else if (value !== null && value !== undefined) {
      number = typeof value === 'string' ? numberIn(value) : null;
      found.push(number === null ? value : number);
    }
  }
  return found;
}

function sumOf(values) {
  return values.reduce(plus, 0);
}

function average(values) {
  return values.length ? operators['/'](sumOf(values), values.length) : 0;
}

function extreme(better) {
  return function (operands) {
    return flattened(operands).reduce(function (best, value) {
      return best === null || better(value, best) ? value : best;
    }, null);
  };
}

functions.iif = function (operands) {
  if (operands[0]) { return operands[1]; }
  return operands.length > 2 ? operands[2] : null;
};

functions.sum = function (operands) {
  return sumOf(flattened(operands));
};

functions.avg = function (operands) {
  return average(flattened(operands));
};

functions.min = extreme(less);

functions.max = extreme(greater);

functions.count = function (operands) {
  return flattened(operands).length;
};

function numberAndPlaces(operands) {
  var number = flattened([operands[0]])[0];
  var places = operands.length > 1 ? flattened([operands[1]])[0] : 0;
  if (places === undefined) { places = 0; }
  if (typeof number !== 'number' || (typeof places !== 'number' && typeof places !== 'boolean')) { return null; }
  return Math.abs(places) <= 15 ? [number, truncated(Number(places))] : null;
}

functions.round = function (operands) {
  var given = numberAndPlaces(operands);
  var scale;
  var scaled;
  if (!given) { return null; }
  scale = Math.pow(10, given[1]);
  scaled = finite(given[0] * scale * (1 + Math.pow(2, -52)) + 0.5);
  return scaled === null ? null : finite(Math.floor(scaled) / scale);
};

functions.trunc = function (operands) {
  var given = numberAndPlaces(operands);
  var parts;
  if (!given) { return null; }
  parts = String(given[0]).split('.');
  if (/e/.test(String(given[0]))) { return truncated(given[0]); }
  return Number(parts[0] + '.' + (parts[1] || '').slice(0, Math.max(given[1], 0)) + '0');
};

function rowsOf(value) {
  var rows = isMap(value) ? Object.keys(value).map(function (key) { return value[key]; }) : value;
  return rows instanceof Array ? rows.slice(0, 1000).filter(isMap) : [];
}

// [figure, row] of each row that has the column and passes the filter; null where a text is no number.
function figures(operands, get, node) {
  var column = operands[1];
  var filters = node.slice(node[4] && node[4][0] === 'value' ? 5 : 4);
  if (typeof column !== 'string') { return []; }
  return rowsOf(operands[0]).filter(function (row) {
    return has(row, column) && !isEmpty(row[column]) && filters.every(function (filter) { return passes(filter, row, get); });
  }).map(function (row) {
    return [typeof row[column] === 'string' ? numberIn(row[column]) : row[column], row];
  });
}

function passes(filter, row, get) {
  function getInside(name) { return name === '[]' ? row : get(name); }
  getInside.today = get.today;
  getInside.shown = get.shown;
  return holds(filter, getInside);
}

function figuresKnown(found) {
  return found.map(function (one) { return one[0]; }).filter(function (one) { return one !== null; });
}

functions.sumInArray = function (operands, get, node) {
  return sumOf(figuresKnown(figures(operands, get, node)));
};

functions.countInArray = function (operands, get, node) {
  return figures(operands, get, node).length;
};

functions.avgInArray = function (operands, get, node) {
  var found = figures(operands, get, node);
  return found.length ? operators['/'](sumOf(figuresKnown(found)), found.length) : 0;
};

function extremeInArray(better) {
  return function (operands, get, node) {
    var answer = node[4] && node[4][0] === 'value' ? node[4][1] : null;
    var best = figures(operands, get, node).reduce(function (best, one) {
      return one[0] !== null && (!best || better(one[0], best[0])) ? one : best;
    }, null);
    if (!best) { return null; }
    if (typeof answer !== 'string' || answer === operands[1]) { return best[0]; }
    return has(best[1], answer) ? best[1][answer] : null;
  };
}

functions.minInArray = extremeInArray(less);

functions.maxInArray = extremeInArray(greater);

functions.today = function (operands, get) {
  var days = operands.length ? numberOf(operands[0]) : 0;
  return days === null ? null : shifted(momentOf(get.today), days, 'days');
};

functions.currentDate = function (operands, get) {
  return momentOf(get.today);
};

functions.getDate = function (operands) {
  return momentOf(operands[0]);
};

functions.age = function (operands, get) {
  return difference(operands[0], get.today, unitOf(operands, 1, 'years'));
};

functions.dateDiff = function (operands) {
  return difference(operands[0], operands[1], unitOf(operands, 2, 'days'));
};

functions.diffDays = function (operands) {
  return isEmpty(operands[0]) || isEmpty(operands[1]) ? 0 : difference(operands[0], operands[1], 'days');
};

functions.dateAdd = function (operands) {
  var moment = momentOf(operands[0]);
  var amount = numberOf(operands[1]);
  if (!moment || amount === null || operands[1] === null) { return null; }
  return shifted(moment, amount, unitOf(operands, 2, 'days'));
};

function partOfDate(read) {
  return function (operands, get) {
    var moment = momentOf(operands.length ? operands[0] : get.today);
    return moment && read(moment);
  };
}

functions.year = partOfDate(function (moment) { return moment.getUTCFullYear(); });

functions.getYear = functions.year;

functions.currentYear = functions.year;

functions.month = partOfDate(function (moment) { return moment.getUTCMonth() + 1; });

functions.day = partOfDate(function (moment) { return moment.getUTCDate(); });

functions.weekday = partOfDate(function (moment) { return moment.getUTCDay(); });

function positionIn(operands, place) {
  var value = operands[place];
  var number;
  if (value === undefined || value === null || value === '' || typeof value === 'boolean' || value instanceof Array) { return null; }
  number = numberOf(value);
  return number === null ? null : Math.max(0, truncated(number));
}

functions.substring = function (operands) {
  var start = positionIn(operands, 1);
  var end = positionIn(operands, 2);
  if (typeof operands[0] !== 'string' || start === null) { return ''; }
  return operands[0].substring(start, end === null ? operands[0].length : end);
};

functions.displayValue = function (operands, get) {
  var value = isEmpty(operands[1]) ? get(operands[0]) : operands[1];
  if (isEmpty(value)) { return null; }
  return get.shown ? get.shown(operands[0], value) : textOf(value);
};
