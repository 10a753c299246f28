// The questions about a briefing. Whether they were passed.

import { button, h, sheet, toast } from './dom.js';
import { call, problem } from './net.js';
import { t } from './words.js';

export async function takeQuiz(visit) {
  const { ok, said } = await call('GET', `/visits/${visit.id}/quiz`);
  if (!ok) {
    toast(problem(said, t('failed')), 'bad');
    return false;
  }
  return Boolean(await sheet(t('quiz'), (close) => {
    const form = h('form', { class: 'quiz' });
    form.append(document.createRange().createContextualFragment(said.html));
    const result = h('p', { class: 'error', role: 'alert' });
    const hand_in = button(t('quiz_hand_in'), async () => {
      const answers = [...new FormData(form)].filter(([, value]) => typeof value === 'string');
      const judged = await call('POST', `/visits/${visit.id}/quiz`, { body: { answers } });
      if (judged.status === 422 && judged.said.missing) result.textContent = t('quiz_missing', { count: judged.said.missing.length });
      else if (!judged.ok) result.textContent = problem(judged.said, t('failed'));
      else if (judged.said.passed) {
        toast(t('quiz_passed', { percent: judged.said.percent }), 'good');
        close(true);
      } else result.textContent = t('quiz_failed', { percent: judged.said.percent });
    }, { class: 'go' });
    return [form, result, h('div', { class: 'acts' }, hand_in, button(t('later'), () => close(false)))];
  }));
}
