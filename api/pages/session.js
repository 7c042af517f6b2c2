'use strict';
// What the pages of staff share: who is signed in, and questions to the server.
const doorstep = (() => {
  const store = sessionStorage;
  const session = { access: '', me: null };

  const el = (name, text, cls) => {
    const e = document.createElement(name);
    if (text !== undefined) e.textContent = text;
    if (cls) e.className = cls;
    return e;
  };

  // Pages without TLS have no randomUUID; all browsers have random numbers.
  const uuid = () => {
    if (crypto.randomUUID) return crypto.randomUUID();
    const b = crypto.getRandomValues(new Uint8Array(16));
    b[6] = (b[6] & 15) | 64;
    b[8] = (b[8] & 63) | 128;
    return [...b].map((n, i) => ([4, 6, 8, 10].includes(i) ? '-' : '') + n.toString(16).padStart(2, '0')).join('');
  };

  const keep = (t) => {
    session.access = t.access_token;
    session.me = t.user;
    store.setItem('refresh', t.refresh_token);
  };
  // One refresh at a time: a second use of the same token would end the session.
  let renewing = null;
  const renew = () => {
    renewing ||= (async () => {
      const res = await fetch('/v1/auth/refresh', { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ refresh_token: store.getItem('refresh') || '' }) });
      if (!res.ok) throw Object.assign(new Error('signed out'), { status: res.status });
      keep(await res.json());
    })().finally(() => { renewing = null; });
    return renewing;
  };
  const call = async (path, options = {}, again = true) => {
    if (!session.access) await renew();
    const res = await fetch(path, { ...options, headers: { Authorization: 'Bearer ' + session.access, ...options.headers } });
    if (res.status === 401 && again) {
      await renew();
      return call(path, options, false);
    }
    return res;
  };
  // refusal is what a problem says, and the windows that are free instead.
  const refusal = async (res) => {
    const p = await res.json().catch(() => ({}));
    const fields = (p.errors || []).map((e) => e.detail).filter(Boolean);
    return { said: (p.detail || p.title || `It did not work (${res.status}).`) + (fields.length ? ` What helps: ${fields.join('; ')}.` : ''), slots: p.slots || [] };
  };
  const problem = async (res) => (await refusal(res)).said;
  const send = (path, body, key = uuid()) => call(path, { method: 'POST', body: JSON.stringify(body), headers: { 'Content-Type': 'application/json', 'Idempotency-Key': key } });

  // door is the form to sign in and the button to sign out; enter and leave are
  // the page's own.
  const door = (enter, leave) => {
    const $ = (id) => document.getElementById(id);
    $('login').addEventListener('submit', async (e) => {
      e.preventDefault();
      $('wrong').textContent = '';
      try {
        const res = await fetch('/v1/auth/login', { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ login: $('user').value.trim(), password: $('pass').value }) });
        if (!res.ok) {
          $('wrong').textContent = await problem(res);
          return;
        }
        keep(await res.json());
        $('pass').value = '';
        enter();
      } catch {
        $('wrong').textContent = 'No connection. Please try again.';
      }
    });
    $('out').addEventListener('click', async () => {
      await call('/v1/auth/logout', { method: 'POST', body: JSON.stringify({ refresh_token: store.getItem('refresh') }), headers: { 'Content-Type': 'application/json' } }).catch(() => {});
      leave('');
    });
    if (store.getItem('refresh')) enter();
    else $('login').hidden = false;
  };
  return { store, session, el, uuid, door, keep, renew, call, refusal, problem, send };
})();
