import { useState } from 'preact/hooks';
import { html } from '../app/html.js';
import { once } from '../app/net.js';
import { change, signIn, useNow } from './state.js';
import { Failed, Field, useMove } from './ui.js';
import { known, language, languages, say, speak } from './words.js';

/** SignIn is by login and password, or by a code that sets one; in the demo by one tap as anybody. */
export const SignIn = () => {
  const s = useNow();
  const [login, setLogin] = useState(''), [password, setPassword] = useState(''), [code, setCode] = useState(''), [coded, setCoded] = useState(false);
  const enter = useMove(async () => {
    if (coded) await once('POST', '/v1/auth/reset', { body: { token: code.trim(), password } });
    setCoded(false);
    await signIn(login.trim(), password);
  });
  const submit = (/** @type {Event} */ e) => { e.preventDefault(); enter.go(); };
  return html`<main class="signin stack" id="main"><h1 class="big">Doorstep</h1>
    ${s.why && html`<p class="card" role="alert">${say(s.why)}</p>`}
    <form class="card stack" onSubmit=${submit}>
      <${Field} label=${say('signin.login')} value=${login} set=${setLogin}
        more=${{ name: 'login', autocomplete: 'username', autocapitalize: 'none', spellcheck: false, required: !coded, maxLength: 100 }} />
      ${coded && html`<p class="quiet">${say('signin.forgot')}</p><${Field} label=${say('signin.code')} value=${code} set=${setCode}
        more=${{ name: 'code', autocomplete: 'one-time-code', required: true, maxLength: 40, spellcheck: false }} />`}
      <${Field} label=${say(coded ? 'signin.fresh' : 'signin.password')} value=${password} set=${setPassword}
        more=${{ name: 'password', type: 'password', autocomplete: coded ? 'new-password' : 'current-password', required: true, maxLength: 256 }} />
      <${Failed} error=${enter.error} />
      <button class="btn primary wide" disabled=${enter.busy}>${say(coded ? 'signin.set' : 'signin.go')}</button>
      <button type="button" class="btn plain wide" onClick=${() => { setCoded(!coded); enter.clear(); }}>${say(coded ? 'signin.back' : 'signin.lost')}</button>
    </form>
    ${s.demo.length > 0 && html`<${Demo} />`}
    <p class="row">${languages.map(([c, name]) => html`<button key=${c} class="btn plain small" lang=${c} aria-pressed=${language() === c}
      onClick=${async () => { localStorage.setItem('doorstep-language', c); await speak(c); change({}); }}>${name}</button>`)}</p>
    <p class="quiet dense">${say('signin.technician')} <a href="/app">${say('signin.app')}</a></p></main>`;
};

const Demo = () => {
  const s = useNow();
  /** @type {Set<string>} */
  const seen = new Set();
  return html`<section class="card stack" aria-labelledby="demo"><h2 id="demo" class="label">${say('demo.as')}</h2>
    <div class="answers">${s.demo.filter((d) => !seen.has(d.role) && seen.add(d.role)).map((d) => html`<${As} key=${d.login} who=${d} />`)}</div></section>`;
};

/** @param {{who: {login: string, password: string, role: string, name: string}}} p */
const As = ({ who }) => {
  const go = useMove(() => signIn(who.login, who.password));
  return html`<div><button class="btn small wide" disabled=${go.busy} onClick=${go.go}>${known('role.' + who.role, who.role)}<span class="quiet">${who.name}</span></button>
    <${Failed} error=${go.error} /></div>`;
};
