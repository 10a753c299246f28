// Answers cases of tests/oracle/process.py with what survey-core makes of them.
"use strict";

const Survey = require("survey-core");

// Every expression is evaluated on the first of May 2026.
Survey.settings.onDateCreated = (date, reason, value) => (value ? date : new Date(2026, 4, 1));
console.warn = () => {};
console.error = () => {};

const pad = (number) => String(number).padStart(2, "0");

function dateText(date) {
  const day = date.getFullYear() + "-" + pad(date.getMonth() + 1) + "-" + pad(date.getDate());
  const time = pad(date.getHours()) + ":" + pad(date.getMinutes());
  const seconds = date.getSeconds() ? ":" + pad(date.getSeconds()) : "";
  return time === "00:00" && !seconds ? day : day + "T" + time + seconds;
}

// What JSON cannot hold is null, and a date is text, as in our own results.
function plain(value) {
  if (value === undefined || value === null) return null;
  if (typeof value === "number") return isFinite(value) ? value : null;
  if (value instanceof Date) return isNaN(value.getTime()) ? null : dateText(value);
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value === "object") {
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, plain(item)]));
  }
  return value;
}

function expression(question) {
  const runner = new Survey.ExpressionRunner(question.expression);
  if (!runner.canRun()) return { invalid: true };
  return { value: plain(runner.runValues(question.values)) };
}

const COMMENT = "-Comment";

// The questions inside a question that holds others, by the names that an answer has for them.
const INSIDE = {
  paneldynamic(question, wanted) {
    question.panelCount = Math.max(wanted.length, question.minPanelCount);
    return wanted.map((panel, index) => [panel, (name) => question.panels[index].getQuestionByName(name)]);
  },
  matrixdropdown(question, wanted) {
    return Object.entries(wanted).map(([name, cells]) => {
      const row = question.visibleRows.find((one) => one.rowName === name);
      return [cells, (column) => (row.cells.find((cell) => cell.column.name === column) || {}).question];
    });
  },
  multipletext(question, wanted) {
    return [[wanted, (name) => (question.items.find((item) => item.name === name) || {}).editor]];
  },
};

// Every question with an answer that somebody wants to give, also inside panels, rows and items.
function targets(model, answers) {
  const found = [];
  const add = (find, name, value, outer) => {
    const isComment = name.endsWith(COMMENT);
    const question = find(isComment ? name.slice(0, -COMMENT.length) : name);
    if (question) found.push({ question, value, outer: outer || question, isComment });
  };
  for (const [name, value] of Object.entries(answers)) {
    const question = model.getQuestionByName(name);
    const inside = question && INSIDE[question.getType()];
    if (!inside) {
      add((one) => model.getQuestionByName(one), name, value);
      continue;
    }
    for (const [given, find] of inside(question, value)) {
      for (const [inner, answer] of Object.entries(given)) add(find, inner, answer, question);
    }
  }
  return found;
}

// What of an answer can be chosen now.
function choosable(question, wanted) {
  if (!question.visibleChoices || question.getType() === "ranking") return wanted;
  const offered = question.visibleChoices.map((choice) => choice.value);
  if (Array.isArray(wanted)) return wanted.filter((value) => offered.includes(value));
  return offered.includes(wanted) ? wanted : undefined;
}

function give({ question, value, isComment }) {
  if (isComment) {
    if (!question.isOtherSelected || question.comment === value) return false;
    question.comment = value;
    return true;
  }
  const allowed = choosable(question, value);
  if (question.isValueEmpty(allowed) || question.isTwoValueEquals(question.value, allowed)) return false;
  question.value = allowed;
  return true;
}

// Answers what can be seen, again and again until nothing more appears or vanishes. Where hidden answers are
// kept they were given while their question was seen, so everything is answered.
function fill(model, answers) {
  const onlyVisible = model.clearInvisibleValues === "onHidden";
  const isSeen = ({ question, outer }) => outer.isVisibleInSurvey && question.isVisible;
  for (let round = 0; round < 30; round++) {
    const open = targets(model, answers).filter((one) => !onlyVisible || isSeen(one));
    // Each answer may hide the next one, so each is looked at again.
    const given = open.filter((one) => (!onlyVisible || isSeen(one)) && give(one));
    if (!given.length) return true;
  }
  return false;
}

// A model costs twice what answering it does, so several people answer one. Panels stay behind when a model is
// cleared, so a form with panels is built again.
function models(definition) {
  let model = new Survey.SurveyModel(definition);
  const reusable = !model.getAllQuestions().some((one) => one.getType() === "paneldynamic");
  return () => {
    if (!reusable) return (model = new Survey.SurveyModel(definition));
    model.clear(true, true);
    return model;
  };
}

function outcome(model) {
  const questions = model.getAllQuestions();
  const visible = questions.filter((one) => one.isVisibleInSurvey);
  const result = {
    visible: visible.map((one) => one.name),
    disabled: visible.filter((one) => one.isReadOnly).map((one) => one.name),
    pages: model.visiblePages.map((page) => page.name),
    required: visible.filter((one) => one.isRequired).map((one) => one.name),
    errors: visible.filter((one) => !one.validate(false)).map((one) => one.name),
    calculated: Object.fromEntries(model.calculatedValues.map((one) => [one.name, plain(one.value)])),
  };
  model.doComplete();
  result.values = plain(model.data);
  return result;
}

function form(question) {
  const next = models(question.form);
  return question.answers.map((answers) => {
    const model = next();
    const unread = (model.jsonErrors || []).map((one) => one.message);
    for (const [name, value] of Object.entries(question.variables || {})) model.setVariable(name, value);
    const settled = fill(model, answers);
    return { settled, unread, ...outcome(model) };
  });
}

// The way of a person from page to page, who ends where the form lets them end.
function walk(question) {
  const model = new Survey.SurveyModel(question.form);
  model.validationEnabled = false;
  for (const [name, value] of Object.entries(question.variables || {})) model.setVariable(name, value);
  // The first page may appear only now that the variables are known.
  model.currentPageNo = 0;
  const pages = [];
  while (model.state === "running") {
    const page = model.currentPage;
    const here = ([name]) => (model.getQuestionByName(name) || {}).page === page;
    fill(model, Object.fromEntries(Object.entries(question.answers).filter(here)));
    pages.push(page.name);
    if (model.isLastPage) model.doComplete();
    else model.nextPage();
  }
  return { pages, values: plain(model.data) };
}

const KINDS = { expression, form, walk };

function answer(line) {
  const question = JSON.parse(line);
  try {
    return KINDS[question.kind](question);
  } catch (error) {
    return { thrown: String(error.message) };
  }
}

const lines = require("fs").readFileSync(0, "utf8").split("\n").filter(Boolean);
process.stdout.write(lines.map((line) => JSON.stringify(answer(line)) + "\n").join(""));
