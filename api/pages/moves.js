// Decisions as forms, and what is known beside them, for the queue and the board.
(() => {
  const { el, uuid, send, problem } = doorstep;
  const words = (v) => v.replaceAll('_', ' ');

  // apart gives each of a list a name of its own, for who hears the page: two that
  // would be called the same end in what key says.
  const apart = (list, name, key) => {
    const names = list.map(name);
    return names.map((n, i) => (names.indexOf(n) === names.lastIndexOf(n) ? n : `${n}, ${key(list[i], i)}`));
  };
  const silence = (known) => (known.some((k) => k.startsWith('Raised in silence')) ? 'raised in silence' : '');
  const tail = (id) => String(id).slice(-6);
  // namesOf are those of moves: the label, and what the item is about.
  const namesOf = (moves, about) => apart(moves, (m) => `${m.label}: ${about}`, (m, i) => i + 1);
  const longer = (name, label) => label + ' …' + name.slice(label.length); // of the button that opens the form

  let serial = 0;
  const field = (f, name) => {
    const id = 'f' + ++serial;
    const box = el('div');
    if (f.type === 'fixed') {
      const i = el('input');
      Object.assign(i, { type: 'hidden', name: f.name, value: f.options[0] });
      box.append(i);
      return box;
    }
    if (f.type === 'choices') {
      const set = el('fieldset');
      set.append(el('legend', f.label));
      for (const [n, o] of f.options.entries()) {
        const l = el('label', undefined, 'pick'), i = el('input');
        Object.assign(i, { type: 'checkbox', name: f.name, value: o });
        const text = (f.labels && f.labels[n]) || words(o);
        i.setAttribute('aria-label', `${text}: ${name}`);
        l.append(i, el('span', text));
        set.append(l);
      }
      box.append(set);
      return box;
    }
    const l = el('label', f.label);
    l.htmlFor = id;
    let i;
    if (f.options.length) {
      i = el('select');
      const none = el('option', f.required ? 'Please choose' : 'No change');
      none.value = '';
      i.append(none);
      for (const [n, o] of f.options.entries()) {
        const c = el('option', (f.labels && f.labels[n]) || (f.type === 'bool' ? { true: 'Yes', false: 'No' }[o] : words(o)));
        c.value = o;
        i.append(c);
      }
    } else {
      i = el(f.name === 'confirmed_by' ? 'input' : 'textarea');
      i.maxLength = 1000;
    }
    Object.assign(i, { id, name: f.name, required: f.required });
    i.setAttribute('aria-label', `${f.label}: ${name}`);
    box.append(l, i);
    return box;
  };
  const read = (form, move) => {
    const body = {};
    for (const f of move.fields) {
      if (f.type === 'choices') body[f.name] = [...form.querySelectorAll(`[name=${f.name}]:checked`)].map((i) => i.value);
      else {
        const v = form.elements[f.name].value.trim();
        if (v !== '') body[f.name] = f.type === 'number' ? Number(v) : f.type === 'bool' ? v === 'true' : v;
      }
    }
    return body;
  };
  // form is a decision: its fields, and a button that posts them; then done. Its
  // controls are told apart from those of others by name.
  const form = (move, done, name) => {
    const key = uuid(); // a second tap is the same decision
    const box = el('form'), wrong = el('p', '', 'wrong'), go = el('button', move.label);
    wrong.setAttribute('role', 'alert');
    go.setAttribute('aria-label', name);
    for (const f of move.fields) box.append(field(f, name));
    box.append(wrong, go);
    box.addEventListener('submit', async (e) => {
      e.preventDefault();
      const unticked = move.fields.find((f) => f.type === 'choices' && f.required && !box.querySelector(`[name=${f.name}]:checked`));
      if (unticked) return void (wrong.textContent = unticked.label + ': please choose.');
      go.disabled = true;
      wrong.textContent = '';
      const body = read(box, move);
      try {
        const res = await send(move.to, body, key);
        if (res.ok) {
          await done();
          return;
        }
        wrong.textContent = await problem(res);
      } catch {
        wrong.textContent = 'No connection. Please tap again.';
      }
      go.disabled = false;
    });
    return box;
  };
  // known lists what is known; numbers are called and places shown with one tap.
  const known = (list, about) => {
    const ul = el('ul', undefined, 'known'), names = apart(list, (k) => `${k}: ${about}`, (k, i) => i + 1);
    for (const [n, k] of list.entries()) {
      const row = el('li'), tel = /^Call (\+\d+)$/.exec(k), geo = /^(?:Phone|Home|Last seen \d\d:\d\d) at (-?[\d.]+), (-?[\d.]+)/.exec(k);
      if (tel || geo) {
        const a = el('a', k);
        a.href = tel ? 'tel:' + tel[1] : `geo:${geo[1]},${geo[2]}`;
        a.setAttribute('aria-label', names[n]);
        row.append(a);
      } else row.textContent = k;
      ul.append(row);
    }
    return ul;
  };
  Object.assign(doorstep, { words, form, known, apart, silence, tail, namesOf, longer });
})();
