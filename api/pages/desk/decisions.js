import { useState } from 'preact/hooks';
import { html } from '../app/html.js';
import { change, get, send, useLoad, zone } from './state.js';
import { Empty, Failed, Field, useMove, Waiting } from './ui.js';
import { length, when } from './when.js';
import { say } from './words.js';

/** @typedef {import('api').components['schemas']} Schemas @typedef {Schemas['QueueItem']} Item @typedef {Schemas['QueueMove']} QueueMove */

const words = (/** @type {string} */ v) => v.replaceAll('_', ' ');

/** live are the items that ring: what happens now stands first and loud. @param {Item} it */
const live = (it) => it.kind === 'sos' || it.rings > 0;

/**
 * danger is how much somebody may be in it: what rings, then reports that nobody has decided by their level, then what keeps people away from a
 * home; lateness alone is no danger. The server's order stands within each.
 * @param {Item} it
 */
const danger = (it) => {
  if (live(it)) return 100;
  if (it.kind === 'triage' || it.kind === 'review') return 50 + Number(/level (\d)/.exec(it.title)?.[1] || 0) * 2 + (it.kind === 'triage' ? 1 : 0);
  return /** @type {Record<string, number>} */ ({ hold: 40, appeal: 30, dispute: 30, claim: 30, link_request: 30, promise: 25, exclusion: 20, keep_away: 20, advisory: 20 })[it.kind] || 0;
};

/** Known is what is known of an item; numbers are called, places shown and jobs opened with one tap. @param {{list: string[]}} p */
const Known = ({ list }) => html`<ul class="known">${list.map((k) => {
  const tel = /^Call (\+\d+)$/.exec(k), geo = /^(?:Phone|Home|Last seen \d\d:\d\d) at (-?[\d.]+), (-?[\d.]+)/.exec(k);
  return html`<li key=${k}>${tel ? html`<a class="btn small" href=${'tel:' + tel[1]}>☏ ${k}</a>` : geo ? html`<a href=${`geo:${geo[1]},${geo[2]}`}>${k}</a>` : k}</li>`;
})}</ul>`;

/** MoveForm is a decision: its fields and the button that makes it, once however often it is tapped. @param {{move: QueueMove, done: () => void, about: string}} p */
const MoveForm = ({ move, done, about }) => {
  const [values, setValues] = useState(/** @type {Record<string, any>} */ ({}));
  const set = (/** @type {string} */ name) => (/** @type {any} */ v) => setValues((was) => ({ ...was, [name]: v }));
  const [missing, setMissing] = useState('');
  const go = useMove(async (id) => {
    /** @type {Record<string, any>} */
    const body = {};
    for (const f of move.fields) {
      const v = f.type === 'fixed' ? f.options[0] : values[f.name];
      if (f.type === 'choices') body[f.name] = v || [];
      else if (v !== undefined && v !== '') body[f.name] = f.type === 'number' ? Number(v) : f.type === 'bool' ? v === 'true' : typeof v === 'string' ? v.trim() : v;
    }
    await send('POST', move.to, body, id);
    change({ note: say('decided', { what: move.label }) });
    done();
  });
  const submit = (/** @type {Event} */ e) => {
    e.preventDefault();
    const lack = move.fields.find((f) => f.type === 'choices' && f.required && !(values[f.name] || []).length);
    setMissing(lack ? say('choose', { what: lack.label }) : '');
    if (!lack) go.go();
  };
  return html`<form class="stack move" onSubmit=${submit}>${move.fields.filter((f) => f.type !== 'fixed').map((f) => {
    const label = (/** @type {number} */ n) => f.labels?.[n] || (f.type === 'bool' ? say(f.options[n] === 'true' ? 'yes' : 'no') : words(f.options[n]));
    if (f.type === 'choices') return html`<fieldset key=${f.name}><legend class="label">${f.label}</legend>${f.options.map((o, n) => html`<label key=${o} class="row"><input type="checkbox" checked=${(values[f.name] || []).includes(o)}
      onChange=${(/** @type {any} */ e) => set(f.name)(e.target.checked ? [...(values[f.name] || []), o] : (values[f.name] || []).filter((/** @type {string} */ x) => x !== o))} /> <span>${label(n)}</span></label>`)}</fieldset>`;
    const options = f.options.length ? [/** @type {[string, string]} */ (['', say(f.required ? 'choose.please' : 'choose.none')]), ...f.options.map((o, n) => /** @type {[string, string]} */ ([o, label(n)]))] : undefined;
    return html`<${Field} key=${f.name} label=${f.label} value=${values[f.name] || ''} set=${set(f.name)} options=${options} lines=${f.options.length || f.name === 'confirmed_by' ? 1 : 2} more=${{ required: f.required, maxLength: 1000 }} />`;
  })}<p class="wrong" role="alert">${missing}</p><${Failed} error=${go.error} /><button class="btn small primary" disabled=${go.busy} aria-label=${`${move.label}: ${about}`}>${move.label}</button></form>`;
};

/** Card is one thing to decide: what, who and where, by when, what happens if nobody does, and the moves. @param {{item: Item, now: string, done: () => void}} p */
const Card = ({ item, now, done }) => {
  const [open, setOpen] = useState(-1), [read, setRead] = useState(/** @type {string[]} */ ([])), z = zone();
  const late = item.due_at ? Date.parse(item.due_at) - Date.parse(now) : 0;
  const look = useMove(async () => {
    const v = await get(item.read || '');
    setRead(['precautions', 'behaviour', 'expires_on'].filter((k) => v[k]).map((k) => `${words(k)}: ${v[k]}`));
  });
  const visit = useMove(async () => {
    const job = /** @type {Schemas['Job']} */ (await get('/v1/jobs/' + item.job_id));
    location.hash = `#/household/${job.customer_id}?job=${job.id}`;
  });
  const about = [item.title, item.known[0]].filter(Boolean).join(', ').slice(0, 120);
  return html`<li class=${'card decision' + (live(item) ? ' danger' : item.late ? ' late' : '')} id=${item.id}>
    <div class="spread"><h2>${live(item) ? '■ ' : ''}${item.title}</h2><span class=${'pill ' + (item.late ? 'danger' : 'mute')}>${item.due_at ? say(late < 0 ? 'late.by' : 'due.in', { how: length(late) }) : say('since', { when: when(item.since, z) })}</span></div>
    <${Known} list=${[...item.known, ...read]} /><p class="quiet dense">${say('default', { what: item.default })}</p>
    <div class="row acts">${item.kind === 'sos' && html`<a class="btn small danger" href=${'#/sos/' + item.id}>${say('sos.open')}</a>`}
      ${item.read && !read.length && html`<button class="btn small" disabled=${look.busy} onClick=${look.go}>${say('read.it')}</button>`}
      ${item.job_id && html`<button class="btn small" disabled=${visit.busy} onClick=${visit.go} aria-label=${`${say('household.open')}: ${about}`}>${say('household.open')}</button>`}
      ${item.moves.map((m, n) => (m.fields.every((f) => f.type === 'fixed') ? html`<${MoveForm} key=${m.label} move=${m} done=${done} about=${about} />`
        : html`<button key=${m.label} class="btn small" aria-expanded=${open === n} aria-label=${`${m.label} …: ${about}`} onClick=${() => setOpen(open === n ? -1 : n)}>${m.label} …</button>`))}</div>
    <${Failed} error=${look.error || visit.error} />
    ${open >= 0 && item.moves[open] && html`<${MoveForm} key=${open} move=${item.moves[open]} done=${() => { setOpen(-1); done(); }} about=${about} />`}</li>`;
};

/** Decisions are what waits for whoever decides, what is live first; a tab a kind; what is late but quiet is folded. */
export const Decisions = () => {
  const [kind, setKind] = useState('');
  const queue = useLoad(async () => /** @type {Schemas['Queue']} */ (await get('/v1/queue')), []);
  const q = queue.data;
  if (!q) return html`<h1 class="title head">${say('nav.decisions')}</h1><${Failed} error=${queue.error} again=${queue.reload} />${!queue.error && html`<${Waiting} />`}`;
  const items = q.items.filter((it) => !kind || it.kind === kind).sort((a, b) => danger(b) - danger(a)), kinds = [...new Set(q.items.map((it) => it.kind))];
  const old = (/** @type {Item} */ it) => danger(it) < 50 && it.late && Date.parse(q.now) - Date.parse(it.due_at || it.since) > 3 * 86_400_000;
  const row = (/** @type {Item} */ it) => html`<${Card} key=${it.kind + it.id} item=${it} now=${q.now} done=${queue.reload} />`;
  return html`<div class="spread head"><h1 class="title">${say('nav.decisions')}</h1><span class="quiet">${say('decisions.n', { n: q.items.length, late: q.late })}</span></div>
    <${Failed} error=${queue.error} again=${queue.reload} />
    ${kinds.length > 1 && html`<div class="row tabs" role="group" aria-label=${say('worklist.kinds')}>${['', ...kinds].map((k) => html`<button key=${k} class=${'btn small' + (k === kind ? ' on' : '')} aria-pressed=${k === kind} onClick=${() => setKind(k)}>
      ${k ? say('kind.' + k) : say('all')} <span class="quiet">${k ? q.items.filter((it) => it.kind === k).length : q.items.length}</span></button>`)}</div>`}
    ${items.length === 0 && html`<${Empty} words=${say('decisions.none')} />`}
    <ol class="decisions">${items.filter((it) => !old(it)).map(row)}</ol>
    ${items.some(old) && html`<details><summary>${say('decisions.old', { n: items.filter(old).length })}</summary><ol class="decisions">${items.filter(old).map(row)}</ol></details>`}`;
};
