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

  // resets says at sign-in who asked for a new password lately, so that one that
  // nobody wanted is noticed.
  const resets = (list) => {
    document.getElementById('resets')?.remove();
    if (!list || !list.length) return;
    const box = el('section', undefined, 'note'), shut = el('button', 'I know', 'plain');
    box.id = 'resets';
    box.setAttribute('role', 'status');
    for (const r of list) box.append(el('p', `${new Date(r.at).toLocaleString('en-GB', { dateStyle: 'medium', timeStyle: 'short' })}: ${r.by} asked for a new password for your account${r.used ? ', and it was set' : ''}. If you did not want this, tell your manager now.`));
    shut.type = 'button';
    shut.addEventListener('click', () => box.remove());
    box.append(shut);
    document.querySelector('main').prepend(box);
  };

  // coded is the part of the sign-in form that sets a password with a code.
  const coded = () => {
    const box = el('details'), said = el('p', undefined, 'wrong'), set = el('button', 'Set the password', 'plain');
    const field = (id, text, more) => {
      const label = el('label', text), input = Object.assign(el('input'), { id, ...more });
      label.htmlFor = id;
      box.append(label, input);
      return input;
    };
    box.append(el('summary', 'I have a code to set a password'));
    const code = field('code', 'Code', { autocomplete: 'one-time-code', maxLength: 40, spellcheck: false });
    const fresh = field('fresh', 'New password, 10 characters or more', { type: 'password', autocomplete: 'new-password', maxLength: 128 });
    said.setAttribute('role', 'alert');
    set.type = 'button';
    box.append(said, set);
    const go = async () => {
      set.disabled = true;
      said.textContent = '';
      try {
        const res = await fetch('/v1/auth/reset', { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ token: code.value, password: fresh.value }) });
        said.textContent = res.ok ? 'Your password is set. Sign in with it.' : await problem(res);
        if (res.ok) {
          code.value = fresh.value = '';
          document.getElementById('user').focus();
        }
      } catch {
        said.textContent = 'No connection. Please try again.';
      }
      set.disabled = false;
    };
    set.addEventListener('click', go);
    for (const input of [code, fresh]) input.addEventListener('keydown', (e) => {
      if (e.key !== 'Enter') return;
      e.preventDefault(); // it is not the sign-in that is asked for
      go();
    });
    return box;
  };

  // door is the form to sign in and the button to sign out; enter and leave are
  // the page's own.
  const door = (enter, leave) => {
    const $ = (id) => document.getElementById(id);
    $('login').append(coded());
    $('login').addEventListener('submit', async (e) => {
      e.preventDefault();
      $('wrong').textContent = '';
      try {
        const res = await fetch('/v1/auth/login', { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ login: $('user').value.trim(), password: $('pass').value }) });
        if (!res.ok) {
          $('wrong').textContent = await problem(res);
          return;
        }
        const t = await res.json();
        keep(t);
        $('pass').value = '';
        enter();
        resets(t.resets);
      } catch {
        $('wrong').textContent = 'No connection. Please try again.';
      }
    });
    $('out').addEventListener('click', async () => {
      await call('/v1/auth/logout', { method: 'POST', body: JSON.stringify({ refresh_token: store.getItem('refresh') }), headers: { 'Content-Type': 'application/json' } }).catch(() => {});
      resets([]);
      leave('');
    });
    if (store.getItem('refresh')) enter();
    else $('login').hidden = false;
  };
  return { store, session, el, uuid, door, keep, renew, call, refusal, problem, send };
})();
