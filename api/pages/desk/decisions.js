import { useErrorBoundary, useState } from 'preact/hooks';
import { html } from '../app/html.js';
import { List } from './asked.js';
import { change, get, send, state, useDraft, useLoad, whatIf, zone } from './state.js';
import { Empty, Failed, Field, Phone, useMove, Waiting } from './ui.js';
import { clock, length, when } from './when.js';
import { known, say } from './words.js';

/** @typedef {import('api').components['schemas']} Schemas @typedef {Schemas['QueueItem']} Item @typedef {Schemas['QueueMove']} QueueMove */

const words = (/** @type {string} */ v) => known('option.' + v, v);

/** live are the items that ring: what happens now stands first and loud. @param {Item} it */
const live = (it) => it.kind === 'sos' || it.rings > 0;

/**
 * danger is how much somebody may be in it: what rings, then reports that nobody has decided by their level, then what keeps people away from a
 * home; lateness alone is no danger. The server's order stands within each.
 * @param {Item} it
 */
const danger = (it) => {
  if (live(it)) return 100;
  if (it.kind === 'triage' || it.kind === 'review') return 50 + it.level * 2 + (it.kind === 'triage' ? 1 : 0);
  return /** @type {Record<string, number>} */ ({ hold: 40, appeal: 30, dispute: 30, claim: 30, link_request: 30, promise: 25, exclusion: 20, keep_away: 20, advisory: 20 })[it.kind] || 0;
};

/** spoken says a fact in the reader's language: instants in a zone, codes by their words. @param {Schemas['QueueFact']} f @param {string} z @param {string} [or] what stands there where the page does not know it */
const spoken = (f, z, or = '') => {
  const fill = /** @type {Record<string, string>} */ ({ ...f.values });
  for (const name of ['at', 'from', 'to', 'since']) if (fill[name]) fill[name] = when(fill[name], z);
  for (const name of ['kind', 'subject', 'claim', 'grade', 'status', 'action']) if (fill[name]) fill[name] = known('option.' + fill[name], known('visit.' + fill[name], fill[name]));
  if (fill.channel) fill.channel = known('channel.' + fill.channel, fill.channel);
  if (fill.outcome) fill.outcome = known('outcome.' + fill.outcome, fill.outcome);
  if (fill.plan) fill.plan = fill.plan.split(',').map(words).join(', ');
  if (f.code === 'visit') fill.to = clock(f.values.to, z);
  const said = known('fact.' + f.code, '') ? say('fact.' + f.code, fill) : or;
  const more = [f.code === 'visit' && fill.since && say('card.since', { when: fill.since }), f.code === 'attempt' && fill.n && say('card.rang', { n: fill.n }), f.code === 'last_seen' && fill.metres && say('card.within', { n: fill.metres }),
    fill.battery && say('battery', { n: fill.battery }), fill.sound && known('sound.' + fill.sound, fill.sound)].filter(Boolean);
  return [said, ...more].join(', ').replace(/ “”/, '');
};

/** shown stand on their own lines above: who, where, and by which number. */
const shown = ['job', 'address', 'centre'];

/** Facts are what is known of an item; numbers are called and places opened with one tap. @param {{item: Item, zone: string, about: string}} p */
const Facts = ({ item, zone: z, about }) => html`<ul class="known">${item.facts.filter((f) => !(item.home && shown.includes(f.code) && (f.code !== 'job' || !f.values.text))).map((f) => {
  const text = spoken(f, z);
  return html`<li key=${f.code + JSON.stringify(f.values)}>${f.code === 'call' ? html`<a class="btn small" href=${'tel:' + f.values.number} aria-label=${`☏ ${text}: ${about}`}>☏ ${text}</a>`
    : f.values.lat ? html`<a href=${`geo:${f.values.lat},${f.values.lon}`} aria-label=${`${text}: ${about}`}>${text}</a>` : text}</li>`;
})}</ul>`;

/** @param {Schemas['QueuePerson']} who */
const called = (who) => `${who.name}, ${known('role.' + who.role, who.role)}`;

/** Person is somebody of the staff, to call with one tap unless that would be heard. @param {{as: string, who: Schemas['QueuePerson'], at: string}} p */
const Person = ({ as, who, at }) => html`<span>${as ? say(as, { who: called(who) }) : called(who)} ${!who.openly ? html`<b class="wrong">△ ${say('card.silent')}</b>`
  : who.phone && who.user_id !== state.me?.id ? html`<${Phone} number=${who.phone} name=${who.name} about=${at} />` : ''}</span>`;

/** Home is whose home it is, where, how to call it, and what was with it so far. @param {{home: Schemas['QueueHome'], job: string, about: string}} p */
const Home = ({ home, job, about }) => html`<span><a href=${`#/household/${home.customer_id}${job ? '?job=' + job : ''}`} aria-label=${`${home.name}: ${about}`}><b>${home.name}</b></a> ${home.phone && html`<${Phone} number=${home.phone} name=${home.contact || home.name} about=${about} />`} ${home.voice_only ? say('card.voice') : ''}</span>
  <span class="quiet">${[home.address, home.centre].filter(Boolean).join(' · ')}</span>
  <span class="quiet">${home.visits || home.missed ? `${say('card.history')}: ` + [home.visits > 0 && say('card.visits', { n: home.visits }), home.no_access > 0 && say('card.noaccess', { n: home.no_access }), home.missed > 0 && say('card.missed', { n: home.missed })].filter(Boolean).join(', ')
    : say('card.first')}${home.reports == null ? '' : ' · ' + (home.reports > 0 ? say('card.reports', { n: home.reports }) : say('card.noreports'))}</span>`;

/** by is how a card calls who stands in it. @type {Record<string, string>} */
const by = { claim: 'card.claims', triage: 'card.who', review: 'card.who', hold: 'card.who' };

/** named is what a decision is called. @param {QueueMove} m */
const named = (m) => known('move.' + m.code, m.label);

/** atOnce are moves that wait for no question: somebody rings, or nobody is told. */
const atOnce = ['take_sos', 'end_sos', 'hand_over', 'talked', 'spoken', 'send'];

/** MoveForm is a decision: its fields, what it would do to others, and the button that makes it, once however often it is tapped. @param {{move: QueueMove, kind: string, done: () => void, about: string}} p */
const MoveForm = ({ move, kind, done, about }) => {
  const asked = (/** @type {QueueMove['fields'][number]} */ f) => known(`field.${f.name}.${kind}`, known('field.' + f.name, f.label));
  const [values, put, drop] = useDraft(move.to, () => /** @type {Record<string, any>} */ ({}));
  const [told, setTold] = useState(/** @type {Awaited<ReturnType<typeof whatIf>> | null} */ (null));
  const set = (/** @type {string} */ name) => (/** @type {any} */ v) => { setTold(null); put({ [name]: v }); };
  const [missing, setMissing] = useState('');
  const filled = () => {
    /** @type {Record<string, any>} */
    const body = {};
    for (const f of move.fields) {
      const v = f.type === 'fixed' ? f.options[0] : values[f.name];
      if (f.type === 'choices') body[f.name] = v || [];
      else if (v !== undefined && v !== '') body[f.name] = f.type === 'number' ? Number(v) : f.type === 'bool' ? v === 'true' : typeof v === 'string' ? v.trim() : v;
    }
    return body;
  };
  const look = useMove(async () => setTold(await whatIf(move.to, filled())));
  const go = useMove(async (id) => {
    await send('POST', move.to, filled(), id);
    drop();
    change({ note: say('decided', { what: named(move) }) });
    done();
  });
  const submit = (/** @type {Event} */ e) => {
    e.preventDefault();
    const lack = move.fields.find((f) => f.type === 'choices' && f.required && !(values[f.name] || []).length);
    setMissing(lack ? say('choose', { what: asked(lack) }) : '');
    if (!lack) (told || atOnce.includes(move.code) ? go : look).go();
  };
  return html`<form class="stack move" onSubmit=${submit}>${move.fields.filter((f) => f.type !== 'fixed').map((f) => {
    const label = (/** @type {number} */ n) => f.labels?.[n] || (f.type === 'bool' ? say(f.options[n] === 'true' ? 'yes' : 'no') : words(f.options[n]));
    if (f.type === 'choices') return html`<fieldset key=${f.name}><legend class="label">${asked(f)}</legend>${f.options.map((o, n) => html`<label key=${o} class="row"><input type="checkbox" aria-label=${`${label(n)}: ${about}`} checked=${(values[f.name] || []).includes(o)}
      onChange=${(/** @type {any} */ e) => set(f.name)(e.target.checked ? [...(values[f.name] || []), o] : (values[f.name] || []).filter((/** @type {string} */ x) => x !== o))} /> <span>${label(n)}</span></label>`)}</fieldset>`;
    const options = f.options.length ? [/** @type {[string, string]} */ (['', say(f.required ? 'choose.please' : 'choose.none')]), ...f.options.map((o, n) => /** @type {[string, string]} */ ([o, label(n)]))] : undefined;
    return html`<${Field} key=${f.name} label=${asked(f)} value=${values[f.name] || ''} set=${set(f.name)} options=${options} lines=${f.options.length || f.name === 'confirmed_by' ? 1 : 2} more=${{ required: f.required, maxLength: 1000, 'aria-label': `${asked(f)}: ${about}` }} />`;
  })}<p class="wrong" role="alert">${missing}</p><${Failed} error=${look.error || go.error} />${told ? html`<${List} told=${told} none=${say('ask.inside')} />
    <span class="row"><button class="btn small primary" disabled=${go.busy} aria-label=${`${say('ask.yes', { what: named(move) })}, ${about}`}>${say('ask.yes', { what: named(move) })}</button>
      <button type="button" class="btn small" onClick=${() => setTold(null)}>${say('ask.no')}</button></span>`
    : html`<button class="btn small primary" disabled=${look.busy || go.busy} aria-label=${`${named(move)}: ${about}`}>${named(move)}</button>`}</form>`;
};

/** Card is one thing to decide: what, who and where, by when, what happens if nobody does, and the moves. @param {{item: Item, about: string, now: string, done: () => void}} p */
const Card = ({ item, about, now, done }) => {
  const [open, setOpen] = useState(-1), [read, setRead] = useState(/** @type {string[]} */ ([])), z = item.home?.zone || zone();
  const late = item.due_at ? Date.parse(item.due_at) - Date.parse(now) : 0;
  const look = useMove(async () => {
    const v = await get(item.read || '');
    setRead(['precautions', 'behaviour', 'expires_on'].filter((k) => v[k]).map((k) => `${say('read.' + k)}: ${v[k]}`));
  });
  const visit = useMove(async () => {
    const job = /** @type {Schemas['Job']} */ (await get('/v1/jobs/' + item.job_id));
    location.hash = `#/household/${job.customer_id}?job=${job.id}`;
  });
  const title = spoken(item.headline, z, item.title);
  return html`<li class=${'card decision' + (live(item) ? ' danger' : item.late ? ' late' : '')} id=${item.id}>
    <div class="spread"><h2>${live(item) ? '■ ' : ''}${title}</h2><span class=${'pill ' + (item.late ? 'danger' : 'mute')}>${item.due_at ? say(late < 0 ? 'late.by' : 'due.in', { how: length(late) }) : say('since', { when: when(item.since, z) })}</span></div>
    <div class="whom">${item.who && html`<${Person} as=${by[item.kind] || ''} who=${item.who} at=${about} />`}${item.about && html`<${Person} as="card.about" who=${item.about} at=${about} />`}
      ${item.home && html`<${Home} home=${item.home} job=${item.job_id || ''} about=${about} />`}</div>
    <${Facts} item=${item} zone=${z} about=${about} />${read.map((r) => html`<p key=${r}>${r}</p>`)}<p class="quiet dense">${say('default', { what: spoken(item.otherwise, z, item.default) })}</p>
    <div class="row acts">${item.kind === 'sos' && html`<a class="btn small danger" href=${'#/sos/' + item.id} aria-label=${`${say('sos.open')}: ${about}`}>${say('sos.open')}</a>`}
      ${item.read && !read.length && html`<button class="btn small" disabled=${look.busy} onClick=${look.go} aria-label=${`${say('read.it')}: ${about}`}>${say('read.it')}</button>`}
      ${item.moves.map((m, n) => (m.fields.every((f) => f.type === 'fixed') ? html`<${MoveForm} key=${m.to + m.code} move=${m} kind=${item.kind} done=${done} about=${about} />`
        : html`<button key=${m.to + m.code} class="btn small" aria-expanded=${open === n} aria-label=${`${named(m)} …: ${about}`} onClick=${() => setOpen(open === n ? -1 : n)}>${named(m)} …</button>`))}
      ${item.job_id && !item.home && item.kind !== 'hold' && html`<button class="btn small" disabled=${visit.busy} onClick=${visit.go} aria-label=${`${say('household.open')}: ${about}`}>${say('household.open')}</button>`}</div>
    <${Failed} error=${look.error || visit.error} />
    ${open >= 0 && item.moves[open] && html`<${MoveForm} key=${open} move=${item.moves[open]} kind=${item.kind} done=${() => { setOpen(-1); done(); }} about=${about} />`}</li>`;
};

/** Whole is a card, or, where it cannot be drawn, that something waits there: one that is broken takes no other with it. @param {{item: Item, about: string, now: string, done: () => void}} p */
const Whole = ({ item, about, now, done }) => {
  const [broken] = useErrorBoundary();
  return broken ? html`<li class="card decision" id=${item.id}><h2>${item.title}</h2><p class="wrong" role="alert">△ ${say('decisions.broken')}</p></li>` : html`<${Card} item=${item} about=${about} now=${now} done=${done} />`;
};

/** abouts name each item unlike the others, for whoever hears the page. @param {Item[]} items @returns {Map<string, string>} by kind and id */
const abouts = (items) => {
  const out = new Map(), n = /** @type {Record<string, number>} */ ({});
  for (const it of items) {
    const z = it.home?.zone || zone(), name = !it.headline || !it.since ? it.title : [spoken(it.headline, z, it.title), it.home?.name || it.who?.name, say('since', { when: when(it.since, z) })].filter(Boolean).join(', ').slice(0, 160);
    n[name] = (n[name] || 0) + 1;
    out.set(it.kind + it.id, n[name] > 1 ? `${name} (${n[name]})` : name);
  }
  return out;
};

/** Decisions are what waits for whoever decides, what is live first; a tab a kind; what is late but quiet is folded. */
export const Decisions = () => {
  const [kind, setKind] = useState('');
  const queue = useLoad(async () => /** @type {Schemas['Queue']} */ (await get('/v1/queue')), []);
  const q = queue.data;
  if (!q) return html`<h1 class="title head">${say('nav.decisions')}</h1><${Failed} error=${queue.error} again=${queue.reload} />${!queue.error && html`<${Waiting} />`}`;
  const items = q.items.filter((it) => !kind || it.kind === kind).sort((a, b) => danger(b) - danger(a)), kinds = [...new Set(q.items.map((it) => it.kind))];
  const old = (/** @type {Item} */ it) => danger(it) < 50 && it.late && Date.parse(q.now) - Date.parse(it.due_at || it.since) > 3 * 86_400_000;
  const about = abouts(q.items), row = (/** @type {Item} */ it) => html`<${Whole} key=${it.kind + it.id} item=${it} about=${about.get(it.kind + it.id) || ''} now=${q.now} done=${queue.reload} />`;
  return html`<div class="spread head"><h1 class="title">${say('nav.decisions')}</h1><span class="quiet">${say('decisions.n', { n: q.items.length, late: q.late })}</span></div>
    <${Failed} error=${queue.error} again=${queue.reload} />
    ${kinds.length > 1 && html`<div class="row tabs" role="group" aria-label=${say('worklist.kinds')}>${['', ...kinds].map((k) => html`<button key=${k} class=${'btn small' + (k === kind ? ' on' : '')} aria-pressed=${k === kind} onClick=${() => setKind(k)}>
      ${k ? known('kind.' + k, k) : say('all')} <span class="quiet">${k ? q.items.filter((it) => it.kind === k).length : q.items.length}</span></button>`)}</div>`}
    ${items.length === 0 && html`<${Empty} words=${say('decisions.none')} />`}
    <ol class="decisions">${items.filter((it) => !old(it)).map(row)}</ol>
    ${items.some(old) && html`<details><summary>${say('decisions.old', { n: items.filter(old).length })}</summary><ol class="decisions">${items.filter(old).map(row)}</ol></details>`}`;
};
