'use strict';
(() => {
  const now = document.getElementById('now');
  const say = document.getElementById('say');
  const list = document.getElementById('phones');
  const buttons = [...document.querySelectorAll('[data-advance]')];
  const two = (n) => String(n).padStart(2, '0');
  const days = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];
  const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
  const words = (iso) => {
    const t = new Date(iso);
    return `${days[t.getUTCDay()]} ${t.getUTCDate()} ${months[t.getUTCMonth()]}, ${two(t.getUTCHours())}:${two(t.getUTCMinutes())} UTC`;
  };
  const el = (tag, text) => {
    const e = document.createElement(tag);
    if (text !== undefined) e.textContent = text;
    return e;
  };
  const clock = (iso) => {
    now.dateTime = iso;
    now.textContent = words(iso);
  };
  // The fake phones' own people: the page lists their logins anyway.
  const passwords = new Map([...document.querySelectorAll('#logins tbody tr')].map((r) => [...r.querySelectorAll('code')].map((c) => c.textContent)));
  const tokens = new Map();
  const json = { 'Content-Type': 'application/json' };
  const answer = async (r) => {
    const d = r.status === 204 ? {} : await r.json();
    if (!r.ok) throw new Error([d.detail || d.title, ...(d.errors || []).map((e) => e.detail)].filter(Boolean).join(' '));
    return d;
  };
  // as is a request by one of the fake people.
  const as = async (login, method, path, body) => {
    if (!tokens.has(login)) tokens.set(login, (await answer(await fetch('/v1/auth/login', { method: 'POST', headers: json, body: JSON.stringify({ login, password: passwords.get(login) }) }))).access_token);
    const headers = { ...(body === undefined ? {} : json), Authorization: `Bearer ${tokens.get(login)}`, ...(method === 'GET' ? {} : { 'Idempotency-Key': crypto.randomUUID() }) };
    const r = await fetch(path, { method, headers, body: body === undefined ? undefined : JSON.stringify(body) });
    if (r.status === 401) {
      tokens.delete(login); // the clock has gone on, and its session has ended
      return as(login, method, path, body);
    }
    return answer(r);
  };
  const post = (login, path, body) => as(login, 'POST', path, body);
  const demo = async (path, body) => answer(await fetch(path, { method: 'POST', headers: json, body: JSON.stringify(body) }));
  // signIn is the browser's session as one of them: its cookies, as if they had signed in.
  const signIn = async (login) => answer(await fetch('/v1/session', { method: 'POST', headers: { ...json, 'Doorstep-Session': 'cookie' }, body: JSON.stringify({ login, password: passwords.get(login) }) }));
  // The app as one of them: its session is kept in cookies, as if they had signed in.
  for (const b of document.querySelectorAll('[data-app]')) b.addEventListener('click', async () => {
    b.disabled = true;
    try {
      const login = b.dataset.app;
      await signIn(login);
      location.href = '/app#/enter';
    } catch (e) {
      say.textContent = e.message || 'The server does not answer.';
      b.disabled = false;
    }
  });
  const answered = new Map(); // alarm -> who is on it
  const onIt = (login, alarm) => {
    if (answered.has(alarm)) return el('p', answered.get(alarm) === login ? 'You are on it.' : 'Somebody is on it.');
    const b = el('button', 'I am on it');
    b.type = 'button';
    b.addEventListener('click', async () => {
      b.disabled = true;
      try {
        await post(login, `/v1/sos/${alarm}/acknowledge`, {});
        answered.set(alarm, login);
        say.textContent = `${login} is on it: the phones are quiet.`;
      } catch (e) {
        say.textContent = e.message || 'The server does not answer.';
        b.disabled = false;
      }
      last = '';
      refresh();
    });
    return b;
  };
  // Two taps, as on a phone in a pocket: the second one within five seconds.
  for (const b of document.querySelectorAll('[data-sos]')) {
    let armed = 0;
    b.hidden = false;
    const rest = () => {
      armed = 0;
      b.textContent = 'SOS';
    };
    b.addEventListener('click', async () => {
      if (!armed) {
        b.textContent = 'Tap again for SOS';
        armed = setTimeout(rest, 5000);
        return;
      }
      clearTimeout(armed);
      b.disabled = true;
      try {
        const x = await post(b.dataset.sos, '/v1/sos', {});
        say.textContent = `SOS raised. ${x.disclaimer || ''} Now answer it on the proprietor’s phone, or wait: +10 min climbs the ladder.`;
      } catch (e) {
        say.textContent = e.message || 'The server does not answer.';
      }
      b.disabled = false;
      rest();
      refresh();
    });
  }
  let last = '', phones = [];
  const cards = () => [...document.querySelectorAll('.phone')];
  const show = (now) => {
    phones = now;
    const seen = JSON.stringify(phones);
    if (seen === last) return; // nothing new: scrolling and focus stay
    last = seen;
    for (const p of phones) {
      let card = cards().find((c) => c.dataset.login === p.login);
      if (!card) {
        card = el('li');
        card.className = 'phone';
        card.dataset.login = p.login;
        const pushes = el('ol');
        pushes.tabIndex = 0;
        pushes.setAttribute('aria-label', `Pushes of ${p.login}, newest first`);
        card.append(el('h3', p.login), pushes);
        list.append(card);
      }
      const rows = p.pushes.map((m) => {
        const row = el('li');
        const at = el('time', words(m.at));
        at.dateTime = m.at;
        row.append(el('b', m.title), el('p', m.body), at);
        if (m.data.sos_id && /^sos\.(raised|late)$/.test(m.data.kind) && passwords.has(p.login)) row.append(onIt(p.login, m.data.sos_id));
        return row;
      });
      if (rows.length === 0) {
        rows.push(el('li', 'Nothing yet'));
        rows[0].className = 'none';
      }
      card.querySelector('ol').replaceChildren(...rows);
    }
    watch();
  };
  const refresh = async () => {
    try {
      const r = await fetch('/demo/phones');
      if (!r.ok) throw new Error(r.status);
      const d = await r.json();
      clock(d.now);
      show(d.phones);
      if (say.dataset.lost) {
        delete say.dataset.lost;
        say.textContent = '';
      }
    } catch {
      say.dataset.lost = '1';
      say.textContent = 'The server does not answer.';
    }
  };
  const busy = (on) => buttons.forEach((b) => (b.disabled = on));
  buttons.forEach((b) =>
    b.addEventListener('click', async () => {
      busy(true);
      say.textContent = 'The clock moves …';
      try {
        const d = await demo('/demo/clock', { advance: b.dataset.advance });
        clock(d.now);
        say.textContent = d.done === 1 ? '1 thing fell due.' : `${d.done} things fell due.`;
      } catch (e) {
        say.textContent = e.message || 'The clock did not move.';
      }
      busy(false);
      b.focus();
      refresh();
    })
  );

  // The tour: a story at a time, its steps in their order, and beside them the phones of those in it.
  const tabs = document.getElementById('stories'), told = document.getElementById('told'), watched = document.getElementById('watched');
  const people = [...document.querySelectorAll('#logins tbody tr')].map((r) => ({ login: r.cells[0].textContent, role: r.cells[2].textContent, name: r.cells[3].textContent }));
  const featured = cards().map((c) => c.dataset.login);
  // whose gives the one of a role: of the centre that the page features, else the first.
  const whose = (role) => people.find((p) => p.role === role && featured.includes(p.login)) || people.find((p) => p.role === role);
  const nameOf = (login) => people.find((p) => p.login === login)?.name || 'The household';
  let story = 0, t = null, seen = new Map();
  const html = async (r) => {
    if (!r.ok) throw new Error(`The household’s page says ${r.status}.`);
    return new DOMParser().parseFromString((await r.text()).replace(/<style[^]*?<\/style>/g, ''), 'text/html');
  };
  // begin forgets what came of the steps and chooses whom the story is about.
  const begin = (n) => {
    story = n;
    t = { done: [], doors: [], logins: [], demo, as, any: (list) => list[Math.floor(Math.random() * list.length)],
      get now() { return now.dateTime; },
      digits: (n, from = '') => from + Array.from({ length: n - from.length }, () => Math.floor(Math.random() * 10)).join(''),
      when: (at, zone) => new Intl.DateTimeFormat('en-GB', { weekday: 'long', day: 'numeric', month: 'long', hour: '2-digit', minute: '2-digit', timeZone: zone }).format(new Date(at)),
      page: async (link) => html(await fetch(new URL(link).pathname)),
      form: async (link, action, fields = {}) => {
        const key = (await t.page(link)).querySelector('input[name=form_key]');
        if (!key) throw new Error('The household’s page has no such button now. Start again.');
        return html(await fetch(`${new URL(link).pathname}/${action}`, { method: 'POST', body: new URLSearchParams({ form_key: key.value, ...fields }) }));
      },
      move: async (by) => { const d = await demo('/demo/clock', { advance: by }); clock(d.now); },
      // clock is the hour of the centre's day; hour moves on to one.
      clock: () => {
        const [h, m] = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit', hourCycle: 'h23', timeZone: t.zone }).format(new Date(now.dateTime)).split(':').map(Number);
        return h + m / 60;
      },
      hour: async (h) => { await t.move(`${Math.ceil(((h - t.clock() + 24) % 24 || 24) * 60)}m`); },
      open: (login, at, words) => t.doors.push({ login, at, words }), show: (login, instead) => { t.logins = [...new Set(t.logins.map((l) => (l === instead ? login : l)).concat(login))]; },
      // day is when people are called and phones may ring.
      day: async () => { const h = t.clock(); if (h < 9 || h >= 17) await t.hour(10); } };
    for (const role of ['technician', 'coordinator', 'proprietor', 'area_manager', 'agent']) t[role] = whose(role)?.login;
    t.logins = stories[n].phones.map((p) => t[p] || p);
    stories[n].self?.(t);
    seen = new Map(phones.map((p) => [p.login, p.pushes.length]));
    draw();
    watch();
  };
  const ready = async () => {
    if (t.technicianID) return;
    const { user: me } = await as(t.technician, 'GET', '/v1/me');
    [t.technicianID, t.centre] = [me.id, me.centre_id];
    t.zone = (await as(t.coordinator, 'GET', '/v1/centres?limit=100')).items.find((c) => c.id === me.centre_id).zone;
  };
  const act = async (i) => {
    const mine = t, [b] = told.querySelectorAll('.go');
    b.disabled = true;
    b.textContent = 'Doing it …';
    t.doors = [];
    try {
      await ready();
      const came = await stories[story].steps[i].run(mine);
      mine.done[i] = came;
    } catch (e) {
      mine.failed = e.message || 'The server does not answer.';
    }
    if (mine !== t) return;
    draw();
    delete mine.failed;
    await refresh();
    (told.querySelector('.go') || told.querySelector('.again'))?.focus({ preventScroll: true });
  };
  // A door opens a page of the product as whoever is meant, beside the tour.
  const door = ({ login, at, words }) => {
    const b = el('button', words);
    b.type = 'button';
    b.className = 'plain';
    b.addEventListener('click', async () => {
      const tab = open('about:blank', '_blank');
      try {
        if (login !== 'page') await signIn(login);
        if (tab) tab.location.href = at; else location.href = at;
      } catch (e) {
        tab?.close();
        say.textContent = e.message || 'The server does not answer.';
      }
    });
    return b;
  };
  const draw = () => {
    const s = stories[story], next = t.done.length;
    [...tabs.children].forEach((b, i) => b.setAttribute('aria-pressed', i === story));
    const steps = s.steps.map((step, i) => {
      const li = el('li'), who = el('b', step.who === 'household' ? 'The household' : step.who === 'owner' && !t.owner ? 'A colleague' : nameOf(step.who === 'technician' && t.crew || t[step.who]));
      li.append(who, ` ${step.say}`);
      if (t.done[i]) li.append(el('p', t.done[i]));
      if (i === next) {
        const b = el('button', 'Do it');
        b.type = 'button';
        b.className = 'go';
        b.setAttribute('aria-label', `Do it: ${li.textContent}`);
        b.addEventListener('click', () => act(i));
        li.append(b);
        if (t.failed) {
          const p = el('p', t.failed);
          p.setAttribute('role', 'alert');
          p.className = 'wrong';
          li.append(p);
        }
      }
      li.className = i < next ? 'done' : i === next ? 'next' : '';
      return li;
    });
    const ol = el('ol'), doors = el('p');
    ol.append(...steps);
    doors.className = 'doors';
    doors.append(...t.doors.map(door));
    if (next) {
      const again = el('button', 'Start again');
      again.type = 'button';
      again.className = 'plain again';
      again.addEventListener('click', () => begin(story));
      doors.append(again);
    }
    told.replaceChildren(el('p', s.about), ol, doors);
  };
  // watch shows the newest pushes of the story's phones; what came since it began stands out.
  const watch = () => {
    if (!t) return;
    watched.replaceChildren(...t.logins.map((login) => {
      const p = phones.find((x) => x.login === login) || { pushes: [] }, card = el('li'), fresh = p.pushes.length - (seen.get(login) || 0), who = people.find((x) => x.login === login);
      card.className = 'watched';
      card.dataset.watched = login;
      card.append(el('h3', nameOf(login)), el('small', who ? who.role.replace('_', ' ') : 'by the link'));
      const ol = el('ol');
      ol.append(...p.pushes.slice(0, Math.max(0, fresh)).slice(0, 4).map((m) => {
        const li = el('li'), at = el('time', words(m.at));
        at.dateTime = m.at;
        li.append(el('b', m.title), el('p', m.body), at);
        return li;
      }));
      if (!ol.children.length) ol.append(Object.assign(el('li', 'Quiet so far'), { className: 'none' }));
      card.append(ol);
      return card;
    }));
  };
  stories.forEach((s, i) => {
    const b = el('button', `${i + 1} ${s.title}`);
    b.type = 'button';
    b.addEventListener('click', () => begin(i));
    tabs.append(b);
  });
  document.getElementById('tour').hidden = false;
  refresh().then(() => begin(0)); // with what the phones have got so far, which is not news
  setInterval(() => document.hidden || refresh(), 2000);
})();
