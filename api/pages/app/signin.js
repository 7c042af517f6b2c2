import { useState } from 'preact/hooks';
import * as db from './db.js';
import { html } from './html.js';
import { once, Refused } from './net.js';
import { Field } from './parts.js';
import { change, reload, say, state, useNow } from './state.js';
import { register, sync } from './sync.js';
import { languages, language } from './words.js';

/**
 * enter takes over the session that has just begun, and gives why not. A phone that holds somebody else's unsent work does not lose it.
 * @param {any} user
 */
export const enter = async (user) => {
  if (user.role !== 'technician') {
    await once('DELETE', '/v1/session');
    return say('signin.role');
  }
  const waits = state.queue.length + state.files.length;
  if (state.me && state.me.user.id !== user.id) {
    if (waits) {
      await once('DELETE', '/v1/session');
      return say('signin.other', { n: waits, who: state.me.user.name });
    }
    await db.forget(true);
  }
  localStorage.removeItem('doorstep-leaving');
  await db.set('signedIn', user.id);
  await db.set('renewed', Date.now());
  change({ ended: '' });
  await reload();
  navigator.storage?.persist?.();
  if (/^#\/(me\/signin|enter)/.test(location.hash)) location.hash = '#/';
  await register().catch(() => {});
  await sync();
  return '';
};

/** resume goes on with a session that the browser still has, where the app's own memory was cleared or another page began it. */
export const resume = async () => {
  try {
    await enter((await once('POST', '/v1/session/refresh')).json.user);
  } catch { /* there is none: somebody signs in */ }
};

/** SignIn is by password, or by a code that sets one. @param {{why?: string}} p */
export const SignIn = ({ why = '' }) => {
  const s = useNow();
  const [login, setLogin] = useState(s.me?.user.login || ''), [password, setPassword] = useState(''), [code, setCode] = useState('');
  const [coded, setCoded] = useState(false), [busy, setBusy] = useState(false), [wrong, setWrong] = useState('');
  const go = async (/** @type {Event} */ e) => {
    e.preventDefault();
    setBusy(true);
    setWrong('');
    try {
      if (coded) await once('POST', '/v1/auth/reset', { body: { token: code.trim(), password } });
      const { json } = await once('POST', '/v1/session', { body: { login: login.trim(), password } });
      setWrong(await enter(json.user));
    } catch (err) {
      setWrong(err instanceof Refused ? err.message : say('net.off.signin'));
    } finally {
      setBusy(false);
    }
  };
  return html`<main id="screen" tabindex="-1" class="stack signin"><h1 class="title">Doorstep</h1>
    ${why ? html`<p class="card warn" role="alert">${why}</p><a class="btn wide" href="#/waiting">${say('nav.waiting')}</a>` : html`<p class="quiet">${say('signin.why')}</p>`}
    <form class="card stack" onSubmit=${go}>
      <${Field} id="login" label=${say('signin.login')} value=${login} set=${setLogin} more=${{ autocomplete: 'username', autocapitalize: 'none', spellcheck: false, required: true, maxLength: 100 }} />
      ${coded && html`<${Field} id="code" label=${say('signin.code')} value=${code} set=${setCode} more=${{ autocomplete: 'one-time-code', required: true, maxLength: 40 }} />`}
      <${Field} id="password" label=${say(coded ? 'signin.fresh' : 'signin.password')} value=${password} set=${setPassword}
        more=${{ type: 'password', autocomplete: coded ? 'new-password' : 'current-password', required: true, maxLength: 256 }} />
      <p role="alert" class="wrong">${wrong}</p>
      <button class="btn primary wide" disabled=${busy}>${busy ? say('busy') : say('signin.go')}</button>
      <button type="button" class="btn plain" onClick=${() => setCoded(!coded)}>${say(coded ? 'signin.by.password' : 'signin.by.code')}</button>
    </form>
    <p>${languages.map(([c, name]) => html`<button key=${c} class="btn plain small" lang=${c} aria-pressed=${language() === c}
      onClick=${async () => { await db.set('settings', { ...s.settings, language: c }); await reload(); }}>${name}</button>`)}</p>
    <p><a class="btn danger wide" href="#/sos">${say('sos.nosession')}</a></p></main>`;
};
