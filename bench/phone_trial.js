// What a trial needs inside the page: a wrong clock, the count of what was kept, and quick fingers.
(() => {
  const fast = Number('$FAST');
  const { now } = Date;
  Date.now = () => now() + fast;
  window.Date = new Proxy(Date, {
    construct: (target, given) => (given.length ? new target(...given) : new target(target.now())),
    apply: (target) => String(new target(target.now())),
  });

  const press = (field) => { if (!field.checked) field.click(); };
  const says = (field, value) => {
    field.value = value;
    field.dispatchEvent(new Event('change', { bubbles: true }));
  };
  const blocks = () => [...document.querySelectorAll('#answers [data-q]')].filter((block) => !block.closest('[hidden]:not(.page)'));
  const verdicts = (block) => [...block.querySelectorAll('input[type=radio]')].filter((field) => field.closest('[data-q]') === block);
  const VALUES = { number: '1', time: '10:00', date: '2026-01-05', 'datetime-local': '2026-01-05T10:00', tel: '13900000000', email: 'a@b.cn' };

  window.trial = {
    kept: 0,

    // Names of what can be answered by one press.
    names: () => blocks().filter((block) => verdicts(block).length).map((block) => block.dataset.q),

    choose(name, last) {
      const block = blocks().find((each) => each.dataset.q === name);
      const fields = verdicts(block);
      const field = fields[last ? fields.length - 1 : 0];
      if (field.checked) return null;
      field.click();
      return [field.name, field.value];
    },

    chosen(name) {
      const field = document.querySelector(`#answers input[name="${CSS.escape(name)}"]:checked`);
      return field ? field.value : null;
    },

    // Something for every question that is asked; what an answer opens is filled as well.
    fill() {
      let before = -1;
      for (let count = 0; count !== before;) {
        before = count;
        blocks().forEach((block) => {
          const open = [...block.querySelectorAll('input,select,textarea')].filter((field) => field.name && !field.closest('[hidden]:not(.page)'));
          const groups = new Set(open.filter((field) => ['radio', 'checkbox'].includes(field.type)).map((field) => field.name));
          groups.forEach((name) => {
            const same = open.filter((field) => field.name === name);
            if (!same.some((field) => field.checked)) press(same[0]);
          });
          open.filter((field) => !['radio', 'checkbox', 'file', 'hidden'].includes(field.type) && !field.value)
            .forEach((field) => says(field, field.tagName === 'SELECT' ? field.options[1].value : VALUES[field.type] || '一切都好，没有问题。'));
        });
        count = document.querySelectorAll('#answers input:checked').length;
      }
    },
  };
  document.addEventListener('kept', () => { window.trial.kept += 1; });
})();
