(() => {
  const $ = (id) => document.getElementById(id);
  const { session, el, call, problem, words, form } = doorstep;
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

  // What an item is about: its title, who or which job, since when.
  const aboutOf = (it) => {
    const known = it.known || [], what = (it.kind !== 'sos' && known.find((k) => k.startsWith('Job '))) || known[0] || '';
    return [it.title, what.slice(0, 80), doorstep.silence(known), `since ${when(it.since)}`].filter(Boolean).join(', ');
  };
  let abouts = new Map(); // by kind and id
  const card = (it, now) => {
    const about = abouts.get(it.kind + it.id), names = doorstep.namesOf(it.moves, about);
    const li = el('li', undefined, it.kind === 'sos' || it.rings ? 'sos' : it.late ? 'late' : '');
    li.dataset.id = it.kind + it.id;
    li.append(el('h2', it.title));
    if (it.due_at) li.dataset.due = it.due_at;
    li.append(el('p', it.due_at ? due(it.due_at, now) : `Since ${when(it.since)}`, 'due'));
    const known = doorstep.known(it.known, about);
    li.append(known, el('p', 'If nobody decides: ' + it.default, 'soft'));
    const moves = el('div', undefined, 'moves');
    if (it.read) {
      const b = el('button', 'Read it', 'plain');
      b.type = 'button';
      b.setAttribute('aria-label', `Read it: ${about}`);
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
    for (const [n, m] of it.moves.entries()) {
      if (m.fields.every((f) => f.type === 'fixed')) {
        moves.append(form(m, () => { delete li.dataset.open; tag = ''; return load(); }, names[n]));
        continue;
      }
      const b = el('button', m.label + ' …', 'plain');
      b.type = 'button';
      b.setAttribute('aria-label', doorstep.longer(names[n], m.label));
      b.setAttribute('aria-expanded', 'false');
      let open = null;
      b.addEventListener('click', () => {
        if (open) {
          open.remove();
          open = null;
          delete li.dataset.open;
          tag = ''; // what changed meanwhile is shown whole
        } else {
          open = form(m, () => { delete li.dataset.open; tag = ''; return load(); }, names[n]);
          li.append(open);
          li.dataset.open = '1'; // what is being written is not replaced
          open.querySelector('select,textarea,input:not([type=hidden])').focus();
        }
        b.setAttribute('aria-expanded', String(!!open));
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
    const names = doorstep.apart(q.items, (it) => { try { return aboutOf(it); } catch { return it.title; } }, (it) => doorstep.tail(it.id));
    abouts = new Map(q.items.map((it, i) => [it.kind + it.id, names[i]]));
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
    const sos = q.items.filter((it) => it.kind === 'sos').length, live = q.items.filter((it) => it.kind !== 'sos' && it.rings).length;
    const reports = live > 1 ? `${live} reports of what happens now` : live ? '1 report of what happens now' : '';
    const says = [sos ? `${sos} SOS open` : '', reports].filter(Boolean).join(', ');
    if ($('alarm').dataset.n !== says) {
      $('alarm').dataset.n = says;
      $('alarm').textContent = says;
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
    session.me = null;
    $('items').replaceChildren();
    $('board').hidden = $('out').hidden = true;
    $('login').hidden = false;
    $('state').textContent = '';
    $('wrong').textContent = why || '';
  };
  document.addEventListener('visibilitychange', () => { if (!document.hidden && !$('board').hidden) load(); });
  doorstep.door(enter, leave);
})();
