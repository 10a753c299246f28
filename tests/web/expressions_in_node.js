// Reads cases as lines of JSON ({code, tree, values, today}) and answers each with its value, as JSON.
'use strict';

const built = new Map();

function evaluator(code) {
  if (!built.has(code)) {
    built.set(code, new Function('tree', 'getValue', `'use strict';\n${code}`));
  }
  return built.get(code);
}

function answer({ code, tree, values, today }) {
  const get = (name) => (Object.prototype.hasOwnProperty.call(values, name) ? values[name] : null);
  get.today = today;
  return evaluator(code)(tree, get);
}

const lines = require('fs').readFileSync(0, 'utf8').split('\n').filter(Boolean);
for (const line of lines) {
  process.stdout.write(`${JSON.stringify({ value: answer(JSON.parse(line)) })}\n`);
}
