import { render } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { html } from '../app/html.js';
import { EndByNumber } from './contact.js';
import { Decisions } from './decisions.js';
import { flush, HeldMoves } from './held.js';
import { Household } from './household.js';
import { NewJob } from './newjob.js';
import { Search, searched, sought } from './search.js';
import { SignIn } from './signin.js';
import { Sos, SosBanner, watchAlarms } from './sos.js';
import { begin, change, signOut, speaks, state, takesCalls, useNow, zone } from './state.js';
import { Team } from './team.js';
import { Thanks } from './thanks.js';
import { Drawer, Note } from './ui.js';
import { Wake, WakeState } from './wake.js';
import { known, language, languages, say } from './words.js';
import { when } from './when.js';
import { Worklist } from './worklist.js';

/**
 * pages are the places of the desk with the roles that have them; whoever signs in comes to the first that is theirs.
 * @type {{at: string, name: string, roles: string, href?: string}[]}
 */
const pages = [
  { at: 'decisions', name: 'nav.decisions', roles: 'area_manager admin' },
  { at: 'worklist', name: 'nav.worklist', roles: 'agent coordinator proprietor' },
  { at: 'decisions', name: 'nav.decisions', roles: 'proprietor' },
  { at: 'desk', name: 'nav.desk', roles: 'agent coordinator proprietor area_manager admin' },
  { at: 'board', name: 'nav.board', roles: 'coordinator proprietor area_manager agent', href: '/board' },
  { at: 'team', name: 'nav.team', roles: 'coordinator proprietor area_manager admin' },
  { at: 'import', name: 'nav.import', roles: 'coordinator proprietor area_manager', href: '/import' },
  { at: 'thanks', name: 'nav.thanks', roles: 'coordinator proprietor area_manager' },
];
const mine = () => pages.filter((p) => state.me && p.roles.split(' ').includes(state.me.role));

const useRoute = () => {
  const read = () => {
    const [path, query] = location.hash.replace(/^#\/?/, '').split('?');
    return { path: path.split('/').map((part) => { try { return decodeURIComponent(part); } catch { return ''; } }), query: new URLSearchParams(query || '') };
  };
  const [route, set] = useState(read);
  useEffect(() => {
    const go = () => set(read());
    addEventListener('hashchange', go);
    return () => removeEventListener('hashchange', go);
  }, []);
  return route;
};

const titles = /** @type {Record<string, string>} */ ({ household: 'nav.desk', new: 'new.title', end: 'end.title', sos: 'sos.title' });

const App = () => {
  const s = useNow(), { path, query } = useRoute(), [keys, showKeys] = useState(false);
  /** @type {{current: HTMLInputElement | null}} */
  const box = useRef(null);
  const at = path[0] || mine()[0]?.at || '';
  useEffect(() => {
    const typed = (/** @type {KeyboardEvent} */ e) => {
      const el = /** @type {HTMLElement} */ (e.target);
      if (e.key === 'k' && (e.ctrlKey || e.metaKey)) { e.preventDefault(); box.current?.focus(); return; }
      if (e.ctrlKey || e.metaKey || e.altKey || /^(INPUT|TEXTAREA|SELECT)$/.test(el.tagName)) return;
      if (!state.me || el.closest('form, .drawer')) return; // what is being written is not left by a key
      if (e.key === '/') { e.preventDefault(); box.current?.focus(); }
      if (e.key === '?') showKeys((k) => !k);
      if (e.key === 'n' && at !== 'household' && takesCalls()) location.hash = '#/new';
      const page = mine()[Number(e.key) - 1];
      if (page) location.href = page.href || '#/' + page.at;
    };
    addEventListener('keydown', typed);
    return () => removeEventListener('keydown', typed);
  }, [at]);
  useEffect(() => { if (s.me) return watchAlarms(); }, [s.me?.id]);
  const q = query.get('q') || '';
  useEffect(() => { if (box.current && document.activeElement !== box.current) box.current.value = q; }, [q, s.me?.id]); // who types is not typed over
  useEffect(() => {
    const page = pages.find((p) => p.at === at);
    document.title = (s.alarms.length ? 'SOS · ' : '') + (s.me ? say(page?.name || titles[at] || 'nav.desk') + ' · ' : '') + 'Doorstep';
  }, [at, s.me, s.alarms.length]);
  if (!s.ready) return html`<p class="start" aria-busy="true">Doorstep</p>`;
  if (!s.me && !s.was) return html`${s.offline && html`<${Offline} />`}<${SignIn} />`;
  const view = at === 'desk' ? html`<${Search} words=${query.get('q') || ''} />`
    : at === 'household' ? html`<${Household} key=${path[1]} id=${path[1]} job=${query.get('job') || ''} panel=${query.get('do') || ''} />`
      : at === 'end' && takesCalls() ? html`<${EndByNumber} phone=${query.get('phone') || ''} />` : at === 'new' ? html`<${NewJob} phone=${query.get('phone') || ''} />`
        : at === 'worklist' ? html`<${Worklist} />`
          : at === 'team' ? html`<${Team} />` : at === 'decisions' ? html`<${Decisions} />`
            : at === 'thanks' ? html`<${Thanks} />`
              : at === 'sos' ? html`<${Sos} key=${path[1]} id=${path[1]} />`
                : html`<p class="empty">${say('nowhere')}</p>`;
  return html`<div class="in" hidden=${!s.me}><a class="skip" href="#main" onClick=${(/** @type {Event} */ e) => { e.preventDefault(); document.getElementById('main')?.focus(); }}>${say('skip')}</a>
    <nav class="side" aria-label=${say('nav')}><b>Doorstep</b>
      ${mine().map((p, i) => html`<a key=${p.at} href=${p.href || '#/' + p.at} class=${at === p.at || p.at === 'desk' && ['household', 'new', 'end'].includes(at) ? 'on' : ''}
        aria-current=${at === p.at ? 'page' : null}>${say(p.name)} <kbd>${i + 1}</kbd></a>`)}
      <span class="grow"></span><${Me} /></nav>
    <div class="page"><${SosBanner} />${s.offline && html`<${Offline} />`}
      <form class="find" role="search" onSubmit=${(/** @type {Event} */ e) => { e.preventDefault(); sought(box.current?.value || ''); }}>
        <input class="search" type="search" ref=${box} placeholder=${say('search.what')} aria-label=${say('search.what')} maxlength="100"
          onInput=${(/** @type {any} */ e) => searched(e.target.value, false)} /><kbd>/</kbd></form>
      <${Resets} /><${Note} /><${HeldMoves} /><main id="main" tabindex="-1">${view}</main>${/* beneath: what is decided stands on the first screen of a phone */ ''}<${Wake} />
      <footer class="quiet dense foot">${say('disclaimer')}</footer></div>
    ${keys && html`<${Drawer} title=${say('keys')} close=${() => showKeys(false)}><dl class="keys">${['/', 'n', 'c', 'j', '1–7', '?', 'Esc'].map((k) => html`
      <dt key=${k}><kbd>${k}</kbd></dt><dd>${say('keys.' + k)}</dd>`)}</dl><//>`}</div>${!s.me && html`<${SignIn} />`}`;
};

const Offline = () => html`<p class="offline" role="status"><span aria-hidden="true">△</span> ${say('offline')}</p>`;

const Me = () => {
  const s = useNow();
  return html`<details class="me" key=${s.me?.id}><summary>${s.me?.name}</summary><div class="stack"><span class="quiet">${known('role.' + s.me?.role, s.me?.role || '')}</span>
    ${languages.map(([c, name]) => html`<button key=${c} class="btn plain small" lang=${c} aria-pressed=${language() === c}
      onClick=${() => speaks(c)}>${name}</button>`)}
    <${WakeState} /><button class="btn small" onClick=${async () => { await flush(); await signOut(); }}>${say('signout')}</button></div></details>`;
};

/** Resets names who asked for a new password, so that one that nobody wanted is noticed. */
const Resets = () => {
  const s = useNow();
  if (!s.resets?.length) return null;
  return html`<section class="card warn" role="status">${s.resets.map((r) => html`<p key=${r.at}>${say(r.used ? 'reset.used' : 'reset.asked', { who: r.by, when: when(r.at, zone()) })}</p>`)}
    <button class="btn small" onClick=${() => change({ resets: [] })}>${say('reset.known')}</button></section>`;
};

const root = /** @type {HTMLElement} */ (document.getElementById('desk'));
root.textContent = '';
render(html`<${App} />`, root);
begin();
