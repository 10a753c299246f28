// Checks answers with survey-core as a server would: one model, and the answers of one person after the other.
// The first line of input is {form, answers}, and its answer a verdict for each; every further line is a number
// of seconds to measure, and its answer the seconds that each check took.
"use strict";

const { SurveyModel } = require("survey-core");

console.warn = () => {};
console.error = () => {};

let model;
let all;
let turn = 0;

function check(answers) {
  model.clear();
  model.data = answers;
  model.validate();
  return model.data;
}

function verdict(answers) {
  const values = check(answers);
  const wrong = model.getAllQuestions().filter((one) => one.isVisibleInSurvey && one.errors.length);
  return { errors: wrong.map((one) => one.name).sort(), values };
}

function start({ form, answers }) {
  model = new SurveyModel(form);
  all = answers;
  return answers.map(verdict);
}

function measure(seconds) {
  const latencies = [];
  const end = performance.now() + seconds * 1000;
  let begun = performance.now();
  while (begun < end) {
    check(all[turn++ % all.length]);
    const now = performance.now();
    latencies.push((now - begun) / 1000);
    begun = now;
  }
  return latencies;
}

require("readline").createInterface({ input: process.stdin }).on("line", (line) => {
  const asked = JSON.parse(line);
  process.stdout.write(JSON.stringify(typeof asked === "number" ? measure(asked) : start(asked)) + "\n");
});
