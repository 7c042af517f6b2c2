import { useState } from 'preact/hooks';
import { html } from '../app/html.js';
import { Asked } from './asked.js';
import { change, get, send, state, useLoad, useNow, worklist, zone } from './state.js';
import { Empty, Failed, Field, useMove, Waiting } from './ui.js';
import { length, span, when } from './when.js';
import { known, say } from './words.js';

/**
 * @typedef {import('api').components['schemas']} Schemas
 * @typedef {{key: string, kind: string, also?: string[], job: string, household: string, ref: string, due: string, words: string, bad: boolean, urgent?: boolean, act?: {to: string, body: any, label: string}}} Task
 */

/** tasks are what waits for a desk, by when it is due. @param {Schemas['Board']} b @param {Schemas['Job'][]} silent @param {Schemas['Notice'][]} inbox @param {string} z @returns {Task[]} */
const tasks = (b, silent, inbox, z) => {
  /** @type {Task[]} */
  const out = [];
  const of = (/** @type {any} */ j) => ({ job: j.job_id, household: j.household, ref: j.external_ref, urgent: j.priority === 'urgent' || j.safety_critical });
  const soon = new Date(Date.parse(b.now) + 48 * 3_600_000).toISOString();
  for (const p of b.promises) out.push({ key: 'p' + p.id, kind: 'promise', ...of(p), due: p.due_at, words: `${p.what || say('promise.call_back')} · ${p.owner}`, bad: p.due_at < b.now });
  for (const v of b.visits) {
    if (v.trouble) out.push({ key: 't' + v.id, kind: 'trouble', ...of(v), due: v.window_start, words: known('trouble.' + v.trouble, v.trouble) + ' · ' + span(v.window_start, v.window_end, z), bad: true });
    else if (v.status === 'missed') out.push({ key: 'm' + v.id, kind: 'missed', ...of(v), due: v.window_end, words: span(v.window_start, v.window_end, z), bad: true });
    else if (v.status === 'scheduled' && !v.holds.length && (v.confirmation === 'declined' || v.confirmation === 'awaiting' && v.window_start < soon)) out.push({ key: 'c' + v.id, kind: v.confirmation === 'declined' ? 'declined' : 'confirm', ...of(v), due: v.window_start, words: span(v.window_start, v.window_end, z), bad: v.confirmation === 'declined' });
    else if (v.status === 'scheduled' && !v.crew.length) out.push({ key: 'n' + v.id, kind: 'crewless', ...of(v), due: v.window_start, words: span(v.window_start, v.window_end, z), bad: true });
  }
  for (const j of silent) out.push({ key: 's' + j.id, kind: 'silent', job: j.id, household: '', ref: j.external_ref || '', urgent: j.priority === 'urgent' || j.safety_critical, due: /** @type {string} */ (j.silent_since), words: j.fault, bad: true });
  for (const j of b.to_schedule) out.push({ key: 'b' + j.job_id, kind: 'schedule', ...of(j), due: j.opened_at, words: known('category.' + j.category, j.category), bad: j.priority === 'urgent' });
  for (const j of b.reaching) out.push({ key: 'r' + j.job_id, kind: 'reach', ...of(j), due: j.opened_at, words: known('verdict.' + j.reachability, j.reachability), bad: false });
  const decides = state.me?.role !== 'coordinator' && state.me?.role !== 'agent';
  for (const r of b.leave_requests) out.push({ key: 'l' + r.id, kind: 'leave', job: '', household: r.name, ref: '', due: r.from, words: `${known('leave.' + r.kind, r.kind)} · ${when(r.from, z)} – ${when(r.to, z)}`, bad: false,
    ...(decides ? { act: { to: `/v1/leave/${r.id}/approve`, body: {}, label: say('leave.approve') } } : {}) });
  const shown = new Set(out.map((t) => t.job));
  for (const n of inbox) if (!n.job_id || !shown.has(n.job_id)) out.push({ key: 'i' + n.id, kind: 'notice', job: n.job_id || '', household: n.title, ref: '', due: n.created_at, words: n.body, bad: false, act: { to: `/v1/inbox/${n.id}/seen`, body: undefined, label: say('notice.seen') } });
  out.sort((a, c) => Number(!!c.urgent) - Number(!!a.urgent) || Number(c.bad) - Number(a.bad) || a.due.localeCompare(c.due));
  /** @type {Map<string, Task>} */
  const first = new Map();
  return out.filter((t) => { // one row a job: what is worst of it, and what else waits
    const before = t.job && first.get(t.job);
    if (!before) { first.set(t.job, t); return true; }
    before.also = [...new Set([...(before.also || []), t.kind])].filter((k) => k !== before.kind);
    before.household ||= t.household;
    before.bad ||= t.bad;
    return false;
  });
};

/** Worklist is what waits for a centre's desk, what is late or wrong first; a tap opens the household. */
export const Worklist = () => {
  const [kind, setKind] = useState(''), centre = state.me?.centre_id || state.centres[0]?.id, z = zone(centre);
  const list = useLoad(async () => {
    const [board, inbox, jobs] = await Promise.all(worklist(centre).map((path) => get(path)));
    return { now: /** @type {string} */ (board.now), board, silent: jobs.items.filter((/** @type {any} */ j) => j.silent_since), inbox: inbox.items };
  }, [centre]);
  useNow(); // the zone comes with the centres
  const read = list.data, d = read && { now: read.now, all: tasks(read.board, read.silent, read.inbox, z) };
  const kinds = [...new Set((d?.all || []).flatMap((t) => [t.kind, ...(t.also || [])]))];
  const shown = (d?.all || []).filter((t) => !kind || t.kind === kind || t.also?.includes(kind));
  return html`<div class="spread head"><h1 class="title">${say('nav.worklist')}</h1><span class="quiet">${d ? say('worklist.n', { n: d.all.length }) : ''}</span></div>
    <${Failed} error=${list.error} again=${list.reload} />
    ${!d ? !list.error && html`<${Waiting} />` : html`<div class="row tabs" role="group" aria-label=${say('worklist.kinds')}>${['', ...kinds].map((k) => html`<button key=${k} class=${'btn small' + (k === kind ? ' on' : '')} aria-pressed=${k === kind} onClick=${() => setKind(k)}>
      ${k ? say('task.' + k) : say('all')} <span class="quiet">${k ? d.all.filter((t) => t.kind === k || t.also?.includes(k)).length : d.all.length}</span></button>`)}</div>
      ${kind === 'promise' && html`<${HandOver} done=${list.reload} />`}
      ${shown.length === 0 ? html`<${Empty} words=${say('worklist.none')} />` : html`<ul class="rows tasks">${shown.map((t) => html`<${Row} key=${t.key} task=${t} now=${d.now} zone=${z} done=${list.reload} />`)}</ul>`}`}`;
};

/** HandOver gives the promises of whoever goes home to a colleague, one by one, and says how far it came. @param {{done: () => void}} p */
const HandOver = ({ done }) => {
  const [to, setTo] = useState(''), [at, setAt] = useState('');
  const mine = useLoad(async () => {
    const [open, broken, users] = await Promise.all([...['open', 'broken'].map((s) => get(`/v1/promises?limit=100&status=${s}&owner_id=${state.me?.id}`)), get('/v1/users?limit=100')]);
    return { promises: /** @type {Schemas['Promise'][]} */ ([...broken.items, ...open.items]), users: /** @type {Schemas['User'][]} */ (users.items) };
  }, []);
  const go = useMove(async () => {
    const all = mine.data?.promises || [];
    for (const [i, p] of all.entries()) {
      setAt(say('handover.at', { n: i + 1, of: all.length }));
      await send('POST', `/v1/promises/${p.id}/hand-over`, { owner_id: to, reason: say('handover.why') });
    }
    change({ note: say('handover.done', { n: all.length }) });
    mine.reload();
    done();
  });
  const d = mine.data;
  if (!d) return html`<${Failed} error=${mine.error} again=${mine.reload} />`;
  if (!d.promises.length) return html`<p class="quiet">${say('handover.none')}</p>`;
  return html`<form class="card stack" onSubmit=${(/** @type {Event} */ e) => { e.preventDefault(); go.go(); }}><${Field} label=${say('handover.to', { n: d.promises.length })} value=${to} set=${setTo} more=${{ required: true }}
    options=${[/** @type {[string, string]} */ (['', say('choose.please')]), ...d.users.filter((u) => u.id !== state.me?.id && !u.disabled && (u.role === 'coordinator' || u.role === 'proprietor')).map((u) => /** @type {[string, string]} */ ([u.id, `${u.name}, ${known('role.' + u.role, u.role)}`]))]} />
    <${Failed} error=${go.error} /><p role="status">${go.busy ? at : ''}</p><button class="btn small" disabled=${go.busy}>${say('handover.go')}</button></form>`;
};

/** @param {{task: Task, now: string, zone: string, done: () => void}} p */
const Row = ({ task, now, zone: z, done }) => {
  const act = useMove(async (id) => { await send('POST', task.act?.to || '', task.act?.body, id); done(); });
  const open = useMove(async () => {
    const job = /** @type {Schemas['Job']} */ (await get('/v1/jobs/' + task.job));
    location.hash = `#/household/${job.customer_id}?job=${job.id}`;
  });
  const apart = Date.parse(task.due) - Date.parse(now);
  return html`<li class=${task.bad ? 'bad' : ''}><span class=${'pill ' + (task.bad ? 'danger' : 'mute')}><span aria-hidden="true">${task.bad ? '▲' : '○'}</span> ${say('task.' + task.kind)}</span>
    <span class="what">${task.urgent && html`<span class="pill danger">▲ ${say('urgent')}</span> `}${(task.also || []).map((k) => html`<span key=${k} class="pill mute">${say('task.' + k)}</span> `)}<b>${[task.household, task.ref].filter(Boolean).join(', ')}</b> <span class="quiet">${task.words}</span></span>
    <time datetime=${task.due} class="quiet">${when(task.due, z)}${apart < 0 ? ` · ${say('ago', { how: length(apart) })}` : ` · ${say('in', { how: length(apart) })}`}</time>
    <span class="row acts">${task.act && (task.kind === 'leave' ? html`<${Asked} label=${task.act.label} path=${task.act.to} body=${task.act.body} none=${say('ask.leave')} done=${done} />`
      : html`<button class="btn small" disabled=${act.busy} onClick=${act.go}>${task.act.label}</button>`)}
      ${task.job && html`<button class="btn small" disabled=${open.busy} onClick=${open.go} aria-label=${say('open.what', { what: [task.household, task.ref].filter(Boolean).join(', ') })}>${say('open')}</button>`}</span>
    <${Failed} error=${act.error || open.error} /></li>`;
};

