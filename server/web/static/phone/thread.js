// The talk with the desk about one visit.

import { button, h, sheet, toast } from './dom.js';
import { call, NoNetwork, problem } from './net.js';
import { moment, t } from './words.js';

export async function showThread(visit) {
  let lines;
  try {
    ({ said: { lines } } = await call('GET', `/visits/${visit.id}/thread`));
  } catch (error) {
    if (!(error instanceof NoNetwork)) throw error;
    toast(t('no_network'), 'warn');
    return;
  }
  await sheet(t('thread'), (close) => {
    const list = h('ol', { class: 'thread' });
    const field = h('textarea', { rows: 2, maxlength: 1000, 'aria-label': t('thread_say') });
    function show(said) {
      list.replaceChildren(...said.map((line) => h('li', { class: line.mine ? 'mine' : '' },
        h('span', { class: 's' }, `${line.who} · ${moment(line.at, visit.timezone)}`), h('p', {}, line.said))));
      if (!said.length) list.replaceChildren(h('li', { class: 's' }, t('thread_empty')));
    }
    show(lines);
    const say = button(t('thread_send'), async () => {
      try {
        const { ok, said } = await call('POST', `/visits/${visit.id}/thread`, { body: { said: field.value } });
        if (ok) {
          field.value = '';
          show(said.lines);
        } else toast(problem(said, t('failed')), 'bad');
      } catch (error) {
        if (!(error instanceof NoNetwork)) throw error;
        toast(t('no_network_kept'), 'warn');
      }
    }, { class: 'go' });
    return [list, field, h('div', { class: 'acts' }, say, button(t('close'), () => close(null)))];
  });
}
