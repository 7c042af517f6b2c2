(() => {
  const $ = (id) => document.getElementById(id);
  const { store, session, el, uuid, call, problem, send } = doorstep;
  let tag = '', timer = 0, served = () => new Date();

  const when = (iso) => new Intl.DateTimeFormat('en-GB', { weekday: 'short', day: 'numeric', month: 'short', hour: '2-digit', minute: '2-digit' }).format(new Date(iso));
  const span = (ms) => {
    const m = Math.max(0, Math.round(Math.abs(ms) / 60000));
    if (m < 60) return `${m} min`;
    return m < 2880 ? `${Math.floor(m / 60)} h ${m % 60} min` : `${Math.floor(m / 1440)} days`;
  };
  const due = (iso, now) => {
    const left = new Date(iso) - now;
    return left <= 0 ? `Late by ${span(left)}` : `Due in ${span(left)}, ${when(iso)}`;
  };
  const words = (v) => v.replaceAll('_', ' ');

  let serial = 0;
  const field = (f) => {
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
        l.append(i, el('span', (f.labels && f.labels[n]) || words(o)));
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
  const act = (move, card) => {
    const key = uuid(); // a second tap is the same decision
    const form = el('form'), wrong = el('p', '', 'wrong'), go = el('button', move.label);
    wrong.setAttribute('role', 'alert');
    for (const f of move.fields) form.append(field(f));
    form.append(wrong, go);
    form.addEventListener('submit', async (e) => {
      e.preventDefault();
      const unticked = move.fields.find((f) => f.type === 'choices' && f.required && !form.querySelector(`[name=${f.name}]:checked`));
      if (unticked) return void (wrong.textContent = unticked.label + ': please choose.');
      go.disabled = true;
      wrong.textContent = '';
      const body = read(form, move);
      try {
        const res = await send(move.to, body, key);
        if (res.ok) {
          delete card.dataset.open;
          tag = '';
          await load();
          return;
        }
        wrong.textContent = await problem(res);
      } catch {
        wrong.textContent = 'No connection. Please tap again.';
      }
      go.disabled = false;
    });
    return form;
  };
  const card = (it, now) => {
    const li = el('li', undefined, it.kind === 'sos' ? 'sos' : it.late ? 'late' : '');
    li.dataset.id = it.kind + it.id;
    li.append(el('h2', it.title));
    if (it.due_at) li.dataset.due = it.due_at;
    li.append(el('p', it.due_at ? due(it.due_at, now) : `Since ${when(it.since)}`, 'due'));
    const known = el('ul', undefined, 'known');
    for (const k of it.known) {
      const row = el('li'), tel = /^Call (\+\d+)$/.exec(k), geo = /^(?:Phone|Home) at (-?[\d.]+), (-?[\d.]+)$/.exec(k);
      if (tel || geo) {
        const a = el('a', k);
        a.href = tel ? 'tel:' + tel[1] : `geo:${geo[1]},${geo[2]}`;
        row.append(a);
      } else row.textContent = k;
      known.append(row);
    }
    li.append(known, el('p', 'If nobody decides: ' + it.default, 'soft'));
    const moves = el('div', undefined, 'moves');
    if (it.read) {
      const b = el('button', 'Read it', 'plain');
      b.type = 'button';
      b.addEventListener('click', async () => {
        const res = await call(it.read).catch(() => null);
        const v = res && res.ok ? await res.json() : {};
        const text = ['precautions', 'behaviour', 'expires_on'].filter((k) => v[k]).map((k) => `${words(k)}: ${v[k]}`);
        known.append(...(text.length ? text : [res ? await problem(res) : 'No connection. Please tap again.']).map((t) => el('li', t)));
        if (text.length) b.remove();
        li.dataset.open = '1';
      });
      moves.append(b);
    }
    for (const m of it.moves) {
      if (m.fields.every((f) => f.type === 'fixed')) {
        moves.append(act(m, li));
        continue;
      }
      const b = el('button', m.label + ' …', 'plain');
      b.type = 'button';
      b.setAttribute('aria-expanded', 'false');
      let form = null;
      b.addEventListener('click', () => {
        if (form) {
          form.remove();
          form = null;
          delete li.dataset.open;
          tag = ''; // what changed meanwhile is shown whole
        } else {
          form = act(m, li);
          li.append(form);
          li.dataset.open = '1'; // what is being written is not replaced
          form.querySelector('select,textarea,input:not([type=hidden])').focus();
        }
        b.setAttribute('aria-expanded', String(!!form));
      });
      moves.append(b);
    }
    li.append(moves);
    li.shown = said(it);
    return li;
  };
  const said = (it) => JSON.stringify([it.title, it.known, it.moves]);
  // One that cannot be shown takes no other with it.
  const shown = (it, now) => {
    try {
      return card(it, now);
    } catch (e) {
      console.error(e);
      const li = el('li', undefined, it.kind === 'sos' ? 'sos' : '');
      li.dataset.id = it.kind + it.id;
      li.append(el('h2', it.title), el('p', 'This cannot be shown whole here. Please reload the page, or call a colleague.'));
      return li;
    }
  };
  // What is being written stays; what is known of an SOS does not grow old.
  const kept = (li, it, now) => {
    if (it.kind !== 'sos' || li.shown === said(it)) return li;
    const fresh = shown(it, now);
    li.shown = said(it);
    for (const part of ['h2', '.due', '.known', '.soft']) {
      const to = fresh.querySelector(part), from = li.querySelector(part);
      if (to && from) from.replaceWith(to);
    }
    if (!li.querySelector('.changed')) {
      const note = el('p', 'This has changed while the form was open. Please read it again.', 'wrong changed');
      note.setAttribute('role', 'status');
      li.querySelector('h2').after(note);
    }
    return li;
  };
  // A second way besides pushes: it sounds on an open page.
  let sound = null;
  const ring = () => {
    $('alarm').dataset.rung = String(Number($('alarm').dataset.rung || 0) + 1);
    if (navigator.vibrate) navigator.vibrate([400, 200, 400, 200, 400]);
    if (!sound) return;
    if (sound.state === 'suspended') sound.resume().catch(() => {});
    for (const at of [0, 0.4, 0.8]) {
      const o = sound.createOscillator();
      o.frequency.value = 880;
      o.connect(sound.destination);
      o.start(sound.currentTime + at);
      o.stop(sound.currentTime + at + 0.25);
    }
  };
  document.addEventListener('pointerdown', () => { sound ||= window.AudioContext ? new AudioContext() : null; }, { once: true });
  // At once for each SOS, and each of its rounds, that nobody acknowledged; then
  // until somebody does.
  const again = 20000;
  let ringing = new Set(), bell = 0;
  const rings = (items) => {
    const now = new Set(items.filter((it) => it.rings).map((it) => `${it.id}/${it.rings}`));
    const fresh = [...now].some((k) => !ringing.has(k));
    ringing = now;
    if (fresh || !now.size) clearInterval(bell);
    if (fresh) {
      bell = setInterval(ring, again);
      ring();
    }
  };
  const show = (q) => {
    rings(q.items);
    const now = new Date(q.now);
    const open = new Map([...document.querySelectorAll('#items>li[data-open]')].map((li) => [li.dataset.id, li]));
    const focused = document.activeElement && document.activeElement.closest('#items>li');
    const at = focused && focused.dataset.id;
    $('items').replaceChildren(...q.items.map((it) => {
      const li = open.get(it.kind + it.id);
      return li ? kept(li, it, now) : shown(it, now);
    }));
    if (at && !document.activeElement.closest('#items')) {
      const back = [...document.querySelectorAll('#items>li')].find((li) => li.dataset.id === at);
      if (back) (back.querySelector('button') || back).focus();
    }
    const sos = q.items.filter((it) => it.kind === 'sos').length;
    if ($('alarm').dataset.n !== String(sos)) {
      $('alarm').dataset.n = String(sos);
      $('alarm').textContent = sos ? `${sos} SOS open` : '';
    }
    document.title = (sos ? 'SOS · ' : q.items.length ? `(${q.items.length}) ` : '') + 'Decisions · Doorstep';
    $('none').hidden = q.items.length > 0;
    $('state').textContent = `${q.items.length} waiting${q.late ? `, ${q.late} late` : ''}${q.more ? `, and ${q.more} more than fit here` : ''}`;
  };
  const load = async () => {
    clearTimeout(timer);
    let q = null;
    try {
      const res = await call('/v1/queue', { headers: tag ? { 'If-None-Match': tag } : {} });
      if (res.status === 200) {
        tag = res.headers.get('ETag') || '';
        q = await res.json();
        const ahead = new Date(q.now) - Date.now(); // the server's clock, not the phone's
        served = () => new Date(Date.now() + ahead);
      } else if (res.status === 304) {
        for (const li of document.querySelectorAll('#items>li[data-due]')) li.querySelector('.due').textContent = due(li.dataset.due, served());
      } else {
        const why = await problem(res);
        if (res.status === 403) return leave(why);
        $('state').textContent = why;
      }
    } catch (e) {
      if (e.status === 401) return leave('Please sign in again.');
      $('state').textContent = 'No connection; this may be old. Trying again.';
      tag = '';
    }
    try {
      if (q) show(q);
    } catch (e) {
      console.error(e);
      tag = '';
      $('state').textContent = 'Something here could not be shown. Please reload the page.';
    }
    timer = setTimeout(load, document.hidden ? 10000 : 2000);
  };
  const deputies = async () => {
    const mine = await call('/v1/me').then((r) => r.json()).then((r) => r.user);
    if (mine.role !== 'area_manager') {
      $('deputy').hidden = true;
      return;
    }
    const all = [];
    for (let next = '', pages = 0; next !== null && pages < 100; pages++) {
      const list = await call('/v1/users?role=area_manager&limit=100' + (next && '&cursor=' + encodeURIComponent(next))).then((r) => r.json());
      all.push(...list.items);
      next = list.next_cursor;
    }
    all.sort((x, y) => x.name.localeCompare(y.name));
    const none = el('option', 'Nobody');
    none.value = '';
    $('who').replaceChildren(none, ...all.filter((u) => u.id !== mine.id && !u.disabled).map((u) => {
      const o = el('option', u.name);
      o.value = u.id;
      o.selected = u.id === mine.deputy_id;
      return o;
    }));
    $('name').onsubmit = async (e) => {
      e.preventDefault();
      const now = await call('/v1/users/' + mine.id);
      const res = await call('/v1/users/' + mine.id, { method: 'PATCH', body: JSON.stringify({ deputy_id: $('who').value || null }), headers: { 'Content-Type': 'application/json', 'If-Match': now.headers.get('ETag') } });
      $('named').textContent = res.ok ? 'Saved.' : await problem(res);
    };
  };
  const enter = () => {
    $('login').hidden = true;
    $('board').hidden = $('out').hidden = false;
    tag = '';
    load();
    deputies().catch(() => { $('deputy').hidden = true; });
  };
  const leave = (why) => {
    clearTimeout(timer);
    rings([]);
    session.access = '';
    store.removeItem('refresh');
    $('items').replaceChildren();
    $('board').hidden = $('out').hidden = true;
    $('login').hidden = false;
    $('state').textContent = '';
    $('wrong').textContent = why || '';
  };
  document.addEventListener('visibilitychange', () => { if (!document.hidden && !$('board').hidden) load(); });
  doorstep.door(enter, leave);
})();
