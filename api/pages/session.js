'use strict';
// What the pages of staff share: who is signed in, and questions to the server.
const doorstep = (() => {
  const store = sessionStorage;
  const session = { me: null };

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

  // The tokens are in cookies that no script reads; they count beside this header alone.
  const own = { 'Doorstep-Session': 'cookie' };
  // One refresh at a time, over all tabs and pages: a second use of the same token would end the session.
  let renewing = null;
  const alone = (run) => (navigator.locks ? navigator.locks.request('doorstep-renew', run) : run());
  const away = 'doorstep-leaving';
  // left ends what is left of a session that somebody signed out of without network; its cookies are still there.
  const left = async () => {
    if (!localStorage.getItem(away)) return;
    await fetch('/v1/session', { method: 'DELETE', headers: own });
    localStorage.removeItem(away);
  };
  const renew = () => {
    renewing ||= alone(async () => {
      await left();
      const res = await fetch('/v1/session/refresh', { method: 'POST', headers: own });
      if (!res.ok) throw Object.assign(new Error('signed out'), { status: res.status });
      session.me = (await res.json()).user;
    }).finally(() => { renewing = null; });
    return renewing;
  };
  const call = async (path, options = {}, again = true) => {
    if (!session.me) await renew();
    const res = await fetch(path, { ...options, headers: { ...own, ...options.headers } });
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

  // The other pages of staff, so that a session begins and ends in all of them.
  const tabs = 'BroadcastChannel' in self ? new BroadcastChannel('doorstep-desk') : null;

  // door is the form to sign in and the button to sign out; enter and leave are
  // the page's own.
  const door = (open, shut) => {
    const $ = (id) => document.getElementById(id);
    // What the page has of the desk hears of it (desk/along.js).
    const told = (is) => {
      document.documentElement.toggleAttribute('data-in', is);
      dispatchEvent(new Event(is ? 'doorstep-in' : 'doorstep-out'));
    };
    const enter = () => {
      told(true);
      return open();
    };
    const leave = (why) => {
      told(false);
      shut(why);
    };
    $('login').append(coded());
    $('login').addEventListener('submit', async (e) => {
      e.preventDefault();
      $('wrong').textContent = '';
      try {
        const res = await fetch('/v1/session', { method: 'POST', headers: { ...own, 'Content-Type': 'application/json' }, body: JSON.stringify({ login: $('user').value.trim(), password: $('pass').value }) });
        if (!res.ok) {
          $('wrong').textContent = await problem(res);
          return;
        }
        const t = await res.json();
        session.me = t.user;
        localStorage.removeItem(away);
        tabs?.postMessage('in');
        $('pass').value = '';
        enter();
        resets(t.resets);
      } catch {
        $('wrong').textContent = 'No connection. Please try again.';
      }
    });
    $('out').addEventListener('click', async () => {
      localStorage.setItem(away, '1');
      await left().catch(() => {});
      tabs?.postMessage('out');
      resets([]);
      leave('');
    });
    if (tabs) tabs.onmessage = (e) => { if (e.data === 'out') leave(''); else if (!session.me) location.reload(); };
    renew().then(enter, (e) => {
      $('login').hidden = false;
      if (!e.status) $('wrong').textContent = 'No connection. Please try again.';
    });
  };
  return { store, session, el, uuid, door, renew, call, refusal, problem, send };
})();
