import { useMemo, useRef, useState } from 'preact/hooks';
import { html } from '../app/html.js';
import { Asked } from './asked.js';
import { change, get, keepShown, key, Refused, said, send, shownBefore, state, useLoad, useNow, whatIf, worklist, zone } from './state.js';
import { Empty, Failed, Field, refOf, useMove, Waiting } from './ui.js';
import { clock, dayOf, length, now, span, when } from './when.js';
import { known, say } from './words.js';

/**
 * @typedef {import('api').components['schemas']} Schemas
 * @typedef {{key: string, kind: string, also?: string[], job: string, household: string, ref: string, due: string, words: string, bad: boolean, urgent?: boolean, centre: string, zone: string, promise?: string, act?: {to: string, body: any, label: string}}} Task
 */

/** since are kinds that have waited since their time; the others are due at it. */
const since = ['silent', 'schedule', 'reach', 'notice'];

/** tasks are what waits at a centre's desk. @param {Schemas['Board']} b @param {string} z @returns {Task[]} */
const tasks = (b, z) => {
  /** @type {Task[]} */
  const out = [];
  const at = { centre: b.centre.id, zone: z };
  const of = (/** @type {any} */ j) => ({ ...at, job: j.job_id, household: j.household, ref: j.external_ref, urgent: j.priority === 'urgent' || j.safety_critical });
  const soon = new Date(Date.parse(b.now) + 48 * 3_600_000).toISOString();
  for (const p of b.promises) out.push({ key: 'p' + p.id, kind: 'promise', ...of(p), due: p.due_at, words: `${p.what || say('promise.call_back')} · ${p.owner}`, bad: p.due_at < b.now, promise: p.id });
  for (const v of b.visits) {
    if (v.trouble) out.push({ key: 't' + v.id, kind: 'trouble', ...of(v), due: v.window_start, words: known('trouble.' + v.trouble, v.trouble) + ' · ' + span(v.window_start, v.window_end, z), bad: true });
    else if (v.status === 'missed') out.push({ key: 'm' + v.id, kind: 'missed', ...of(v), due: v.window_end, words: span(v.window_start, v.window_end, z), bad: true });
    else if (v.status === 'scheduled' && !v.holds.length && (v.confirmation === 'declined' || v.confirmation === 'awaiting' && v.window_start < soon)) out.push({ key: 'c' + v.id, kind: v.confirmation === 'declined' ? 'declined' : 'confirm', ...of(v), due: v.window_start, words: span(v.window_start, v.window_end, z), bad: v.confirmation === 'declined' });
    else if (v.status === 'scheduled' && !v.crew.length) out.push({ key: 'n' + v.id, kind: 'crewless', ...of(v), due: v.window_start, words: span(v.window_start, v.window_end, z), bad: true });
  }
  for (const j of b.to_schedule) out.push({ key: 'b' + j.job_id, kind: 'schedule', ...of(j), due: j.opened_at, words: known('category.' + j.category, j.category), bad: j.priority === 'urgent' });
  for (const j of b.reaching) out.push({ key: 'r' + j.job_id, kind: 'reach', ...of(j), due: j.opened_at, words: known('verdict.' + j.reachability, j.reachability), bad: false });
  const decides = state.me?.role !== 'coordinator' && state.me?.role !== 'agent';
  for (const r of b.leave_requests) out.push({ key: 'l' + r.id, kind: 'leave', ...at, job: '', household: r.name, ref: '', due: r.from, words: `${known('leave.' + r.kind, r.kind)} · ${when(r.from, z)} – ${when(r.to, z)}`, bad: false,
    ...(decides ? { act: { to: `/v1/leave/${r.id}/approve`, body: {}, label: say('leave.approve') } } : {}) });
  return out;
};

/** others are what waits of no centre's board: jobs that nobody told anything, and what stands in one's inbox. @param {Task[]} out @param {Schemas['Job'][]} silent @param {Schemas['Notice'][]} inbox */
const others = (out, silent, inbox) => {
  for (const j of silent) out.push({ key: 's' + j.id, kind: 'silent', centre: j.centre_id, zone: zone(j.centre_id), job: j.id, household: '', ref: refOf(j), urgent: j.priority === 'urgent' || j.safety_critical, due: /** @type {string} */ (j.silent_since), words: j.fault, bad: true });
  const shown = new Set(out.map((t) => t.job));
  for (const n of inbox) if (!n.job_id || !shown.has(n.job_id)) out.push({ key: 'i' + n.id, kind: 'notice', centre: '', zone: zone(), job: n.job_id || '', household: n.title, ref: '', due: n.created_at, words: n.body, bad: false, act: { to: `/v1/inbox/${n.id}/seen`, body: undefined, label: say('notice.seen') } });
};

/** ordered gives one row a job, by when it is due: what is urgent first of the same day. @param {Task[]} out */
const ordered = (out) => {
  out.sort((a, c) => Number(!!c.urgent) - Number(!!a.urgent) || Number(c.bad) - Number(a.bad) || a.due.localeCompare(c.due));
  /** @type {Map<string, Task>} */
  const first = new Map();
  return out.filter((t) => { // one row a job: what is worst of it, and what else waits
    const before = t.job && first.get(t.job);
    if (!before) { first.set(t.job, t); return true; }
    before.also = [...new Set([...(before.also || []), t.kind])].filter((k) => k !== before.kind);
    before.household ||= t.household;
    before.bad ||= t.bad;
    before.promise ||= t.promise;
    return false;
  });
};

/** parts of the list, by when something is due. */
const parts = ['late', 'today', 'later', 'waits'];

/** partOf is the part in which a task stands. @param {Task} t @param {string} now */
const partOf = (t, now) => (t.bad ? 'late' : since.includes(t.kind) ? 'waits' : dayOf(new Date(t.due), t.zone) <= dayOf(new Date(now), t.zone) ? 'today' : 'later');

/** Worklist is what waits for a desk, for an agent's that of all centres, by when it is due; a tap opens the household, and several are done at once. */
export const Worklist = () => {
  const s = useNow(), one = s.me?.centre_id, [kind, setKind] = useState(''), [at, setAt] = useState(''), [picked, setPicked] = useState(/** @type {string[]} */ ([]));
  const centres = one ? [one] : s.centres.map((c) => c.id);
  /** @type {{now: string, all: Task[], at?: number}} */
  const before = useMemo(() => { const was = shownBefore(); return was && was.rows && was.me.id === s.me?.id ? { ...was.rows, at: was.at } : undefined; }, []);
  const list = useLoad(async () => {
    const read = await Promise.all((one ? worklist(one) : [...centres.map((c) => `/v1/centres/${c}/board?days=7`), '/v1/inbox?unseen=true&limit=50', '/v1/jobs?limit=100&status=open']).map((path) => get(path)));
    const jobs = read.pop(), inbox = read.pop();
    const out = /** @type {Schemas['Board'][]} */ (read).flatMap((b) => tasks(b, zone(b.centre.id)));
    others(out, jobs.items.filter((/** @type {any} */ j) => j.silent_since), inbox.items);
    const rows = { now: /** @type {string} */ (read[0]?.now || now().toISOString()), all: ordered(out) };
    keepShown(rows);
    return { ...rows, at: 0 };
  }, [centres.join()], before);
  const d = list.data && { now: list.data.now, all: list.data.all.filter((t) => !at || t.centre === at) };
  const kinds = [...new Set((d ? d.all : []).flatMap((t) => [t.kind, ...(t.also || [])]))];
  const shown = (d ? d.all : []).filter((t) => !kind || t.kind === kind || t.also?.includes(kind)), chosen = shown.filter((t) => picked.includes(t.key));
  const done = () => { setPicked([]); list.reload(); };
  return html`<div class="spread head"><h1 class="title">${say('nav.worklist')}</h1><span class="quiet">${d ? say('worklist.n', { n: d.all.length }) : ''}${list.data?.at ? ' · ' + say('asof', { when: clock(new Date(list.data.at).toISOString(), zone(one)) }) : ''}</span></div>
    <${Failed} error=${list.error} again=${list.reload} />
    ${!one && s.centres.length > 1 && html`<div class="two"><${Field} label=${say('new.centre')} value=${at} set=${setAt} options=${[/** @type {[string, string]} */ (['', say('worklist.centres')]), ...s.centres.map((c) => /** @type {[string, string]} */ ([c.id, c.name]))]} /></div>`}
    ${!d ? !list.error && html`<${Waiting} />` : html`<div class="row tabs" role="group" aria-label=${say('worklist.kinds')}>${['', ...kinds].map((k) => html`<button key=${k} class=${'btn small' + (k === kind ? ' on' : '')} aria-pressed=${k === kind} onClick=${() => setKind(k)}>
      ${k ? say('task.' + k) : say('all')} <span class="quiet">${k ? d.all.filter((t) => t.kind === k || t.also?.includes(k)).length : d.all.length}</span></button>`)}</div>
      ${kind === 'promise' && one && html`<${HandOver} done=${list.reload} />`}
      ${chosen.length > 0 && html`<${Batch} key=${chosen.map((t) => t.key).join()} tasks=${chosen} clear=${() => setPicked([])} done=${done} />`}
      ${shown.length === 0 ? html`<${Empty} words=${say('worklist.none')} />` : parts.map((part) => {
    const rows = shown.filter((t) => partOf(t, d.now) === part);
    return rows.length > 0 && html`<section key=${part} aria-labelledby=${'part-' + part}><h2 class="label part" id=${'part-' + part}>${say('worklist.' + part)} <span class="quiet">${rows.length}</span></h2>
      <ul class="rows tasks">${rows.map((t) => html`<${Row} key=${t.key} task=${t} now=${d.now} named=${!one && !at} picked=${picked.includes(t.key)} pick=${(/** @type {boolean} */ on) => setPicked((was) => (on ? [...was, t.key] : was.filter((k) => k !== t.key)))} done=${list.reload} />`)}</ul></section>`;
  })}`}`;
};

/** each does one thing after the other and goes on where one is refused; what was refused comes back with why. @template T @param {T[]} all @param {(one: T) => Promise<any>} run @returns {Promise<{done: T[], refused: [T, any][]}>} */
const each = async (all, run) => {
  const out = { done: /** @type {T[]} */ ([]), refused: /** @type {[T, any][]} */ ([]) };
  for (const one of all) {
    try {
      await run(one);
      out.done.push(one);
    } catch (e) {
      if (!(e instanceof Refused)) throw e; // without network nothing more is tried
      out.refused.push([one, e]);
    }
  }
  return out;
};

/**
 * Batch does with several rows what one would do with each: households are asked again by their link, which is asked first, promises are handed over,
 * notices are seen.
 * @param {{tasks: Task[], clear: () => void, done: () => void}} p
 */
const Batch = ({ tasks: all, clear, done }) => {
  const [asked, setAsked] = useState(/** @type {Awaited<ReturnType<typeof each<Task>>> | null} */ (null)), [to, setTo] = useState('');
  const ids = useRef(/** @type {Record<string, string>} */ ({})); // a try after a lost answer is the same move
  const id = (/** @type {Task} */ t) => (ids.current[t.key] ||= key());
  const homes = [...new Map(all.filter((t) => t.job && t.kind !== 'leave').map((t) => [t.job, t])).values()], promises = all.filter((t) => t.promise), notices = all.filter((t) => t.kind === 'notice' && t.act);
  const users = useLoad(async () => /** @type {Schemas['User'][]} */ (promises.length ? (await get('/v1/users?limit=100')).items : []), []);
  const look = useMove(async () => setAsked(await each(homes, (t) => whatIf(`/v1/jobs/${t.job}/link/send`, undefined))));
  const ask = useMove(async () => {
    const out = await each(asked?.done || [], (t) => send('POST', `/v1/jobs/${t.job}/link/send`, undefined, id(t)));
    change({ note: say('batch.asked', { n: out.done.length }) + (out.refused.length ? ' ' + say('batch.refused', { n: out.refused.length }) : '') });
    done();
  });
  const over = useMove(async () => {
    const out = await each(promises, (t) => send('POST', `/v1/promises/${t.promise}/hand-over`, { owner_id: to, reason: say('handover.why') }, id(t)));
    change({ note: say('handover.done', { n: out.done.length }) + (out.refused.length ? ' ' + say('batch.refused', { n: out.refused.length }) : '') });
    done();
  });
  const seen = useMove(async () => {
    await each(notices, (t) => send('POST', t.act?.to || '', undefined, id(t)));
    done();
  });
  return html`<section class="card batch stack" aria-label=${say('batch.n', { n: all.length })}><div class="spread"><b>${say('batch.n', { n: all.length })}</b><button class="btn small plain" onClick=${clear}>${say('batch.clear')}</button></div>
    <div class="row acts">${homes.length > 0 && !asked && html`<button class="btn small" disabled=${look.busy} onClick=${() => look.go()}>${say('batch.ask')} …</button>`}
      ${notices.length > 0 && html`<button class="btn small" disabled=${seen.busy} onClick=${() => seen.go()}>${say('notice.seen')}</button>`}</div>
    ${asked && html`<div class="stack" role="status"><p>${say('batch.would', { n: asked.done.length })}</p>${asked.refused.length > 0 && html`<ul class="known">${asked.refused.map(([t, e]) => html`<li key=${t.key}>${[t.household, t.ref].filter(Boolean).join(', ')}: ${said(e)}</li>`)}</ul>`}
      ${asked.done.length > 0 && html`<button class="btn small primary" disabled=${ask.busy} onClick=${() => ask.go()}>${say('batch.ask.go', { n: asked.done.length })}</button>`}</div>`}
    ${promises.length > 0 && users.data && html`<form class="row" onSubmit=${(/** @type {Event} */ e) => { e.preventDefault(); over.go(); }}><${Field} label=${say('batch.handover', { n: promises.length })} value=${to} set=${setTo} more=${{ required: true }}
      options=${[/** @type {[string, string]} */ (['', say('choose.please')]), ...users.data.filter((u) => !u.disabled && ['coordinator', 'proprietor', 'agent'].includes(u.role)).map((u) => /** @type {[string, string]} */ ([u.id, `${u.name}, ${known('role.' + u.role, u.role)}`]))]} />
      <button class="btn small" disabled=${over.busy}>${say('handover.go')}</button></form>`}
    <${Failed} error=${look.error || ask.error || over.error || seen.error || users.error} /></section>`;
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

/** @param {{task: Task, now: string, named: boolean, picked: boolean, pick: (on: boolean) => void, done: () => void}} p */
const Row = ({ task, now, named, picked, pick, done }) => {
  const act = useMove(async (id) => { await send('POST', task.act?.to || '', task.act?.body, id); done(); });
  const open = useMove(async () => {
    const job = /** @type {Schemas['Job']} */ (await get('/v1/jobs/' + task.job));
    location.hash = `#/household/${job.customer_id}?job=${job.id}`;
  });
  const apart = Date.parse(task.due) - Date.parse(now);
  const who = [task.household, task.ref].filter(Boolean).join(', ');
  return html`<li class=${(task.bad ? 'bad' : '') + (picked ? ' on' : '')}>${task.job || task.act && task.kind === 'notice' ? html`<label class="pick"><input type="checkbox" checked=${picked} onChange=${(/** @type {any} */ e) => pick(e.target.checked)} aria-label=${say('batch.pick', { what: who })} /></label>` : html`<span></span>`}
    <span class=${'pill ' + (task.bad ? 'danger' : 'mute')}><span aria-hidden="true">${task.bad ? '▲' : '○'}</span> ${say('task.' + task.kind)}</span>
    <span class="what">${task.urgent && html`<span class="pill danger">▲ ${say('urgent')}</span> `}${(task.also || []).map((k) => html`<span key=${k} class="pill mute">${say('task.' + k)}</span> `)}<b>${who}</b> <span class="quiet">${task.words}${named && task.centre ? ' · ' + (state.centres.find((c) => c.id === task.centre)?.name || '') : ''}</span></span>
    <time datetime=${task.due} class="quiet">${when(task.due, task.zone)}${apart < 0 ? ` · ${say('ago', { how: length(apart) })}` : ` · ${say('in', { how: length(apart) })}`}</time>
    <span class="row acts">${task.act && (task.kind === 'leave' ? html`<${Asked} label=${task.act.label} path=${task.act.to} body=${task.act.body} none=${say('ask.nobody')} calm=${say('ask.leave')} done=${done} />`
      : html`<button class="btn small" disabled=${act.busy} onClick=${act.go}>${task.act.label}</button>`)}
      ${task.job && html`<button class="btn small" disabled=${open.busy} onClick=${open.go} aria-label=${say('open.what', { what: who })}>${say('open')}</button>`}</span>
    <${Failed} error=${act.error || open.error} /></li>`;
};

