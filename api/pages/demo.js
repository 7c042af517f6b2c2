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
  const as = async (login, path, body) => {
    if (!tokens.has(login)) {
      const r = await fetch('/v1/auth/login', { method: 'POST', headers: json, body: JSON.stringify({ login, password: passwords.get(login) }) });
      const d = await r.json();
      if (!r.ok) throw new Error(d.detail);
      tokens.set(login, d.access_token);
    }
    const headers = { ...json, Authorization: `Bearer ${tokens.get(login)}`, 'Idempotency-Key': crypto.randomUUID() };
    const r = await fetch(path, { method: 'POST', headers, body: JSON.stringify(body) });
    if (r.status === 401) tokens.delete(login);
    const d = await r.json();
    if (!r.ok) throw new Error(d.detail);
    return d;
  };
  // The app as one of them: its session is kept in cookies, as if they had signed in.
  for (const b of document.querySelectorAll('[data-app]')) b.addEventListener('click', async () => {
    b.disabled = true;
    try {
      const login = b.dataset.app;
      const r = await fetch('/v1/session', { method: 'POST', headers: { ...json, 'Doorstep-Session': 'cookie' }, body: JSON.stringify({ login, password: passwords.get(login) }) });
      if (!r.ok) throw new Error((await r.json()).detail);
      location.href = '/app#/enter';
    } catch (e) {
      say.textContent = e.message || 'The server does not answer.';
      b.disabled = false;
    }
  });
  const answered = new Map(); // alarm -> who is on it
  const answer = (login, alarm) => {
    if (answered.has(alarm)) return el('p', answered.get(alarm) === login ? 'You are on it.' : 'Somebody is on it.');
    const b = el('button', 'I am on it');
    b.type = 'button';
    b.addEventListener('click', async () => {
      b.disabled = true;
      try {
        await as(login, `/v1/sos/${alarm}/acknowledge`, {});
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
        const x = await as(b.dataset.sos, '/v1/sos', {});
        say.textContent = `SOS raised. ${x.disclaimer || ''} Now answer it on the proprietor’s phone, or wait: +10 min climbs the ladder.`;
      } catch (e) {
        say.textContent = e.message || 'The server does not answer.';
      }
      b.disabled = false;
      rest();
      refresh();
    });
  }
  let last = '';
  const show = (phones) => {
    const seen = JSON.stringify(phones);
    if (seen === last) return; // nothing new: scrolling and focus stay
    last = seen;
    for (const p of phones) {
      let card = [...document.querySelectorAll('.phone')].find((c) => c.dataset.login === p.login);
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
        if (m.data.sos_id && /^sos\.(raised|late)$/.test(m.data.kind) && passwords.has(p.login)) row.append(answer(p.login, m.data.sos_id));
        return row;
      });
      if (rows.length === 0) {
        rows.push(el('li', 'Nothing yet'));
        rows[0].className = 'none';
      }
      card.querySelector('ol').replaceChildren(...rows);
    }
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
        const r = await fetch('/demo/clock', {
          method: 'POST',
          headers: { 'Content-Type': 'application/json' },
          body: JSON.stringify({ advance: b.dataset.advance }),
        });
        const d = await r.json();
        if (!r.ok) throw new Error(d.detail);
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
  refresh();
  setInterval(() => document.hidden || refresh(), 2000);
})();
