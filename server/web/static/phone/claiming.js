// What a visit cost, with a photo of the receipt: written down here, sent once the photo has arrived.

import { button, h, sheet, toast } from './dom.js';
import { keepPicture, keepWork, newId } from './keeping.js';
import { removePhoto } from './store.js';
import { t } from './words.js';

const YUAN = /^\d{1,6}(\.\d{1,2})?$/;

export async function claim(visit, before) {
  const { amount: spent, note: what } = before ? before.body : {};
  const said = await sheet(t('expense'), (close) => {
    const amount = h('input', { inputmode: 'decimal', id: 'amount', value: spent || '' });
    const note = h('input', { id: 'what', maxlength: 200, value: what || '' });
    const receipt = h('input', { type: 'file', id: 'receipt', accept: 'image/*' });
    return [
      h('p', { class: 's' }, t('expense_most', { most: visit.pay.expenses })),
      before ? h('p', { class: 'error' }, before.problem) : null,
      h('label', { class: 'title', for: 'amount' }, t('expense_amount')), amount,
      h('label', { class: 'title', for: 'what' }, t('expense_note')), note,
      h('label', { class: 'title', for: 'receipt' }, t('expense_receipt')), receipt,
      h('div', { class: 'acts' },
        button(t('expense_send'), () => close({ amount: amount.value.trim(), note: note.value.trim(), file: receipt.files[0] }), { class: 'go' }),
        before ? button(t('remove'), () => close({ drop: true })) : null,
        button(t('close'), () => close(null))),
    ].filter(Boolean);
  });
  if (!said) return;
  if (said.drop) await drop(visit, before);
  else if (!YUAN.test(said.amount) || !Number(said.amount) || !said.note || !said.file) toast(t('expense_missing'), 'bad');
  else if (await write(visit, said) && before) await drop(visit, before);
}

async function write(visit, { amount, note, file }) {
  const kept = await keepPicture(file, visit.side, { visit: visit.id, question: '', receipt: true });
  return kept && keepWork(visit.id, (row) => {
    const { id } = kept.photo;
    row.slips = [...(row.slips || []), { path: 'expenses', photo: id, body: { id: newId(), amount, note, receipt: id } }];
  });
}

async function drop(visit, { body, photo }) {
  await keepWork(visit.id, (row) => { row.slips = row.slips.filter((each) => each.body.id !== body.id); });
  await removePhoto(photo);
}
