import { html } from '../app/html.js';
import { hold, isHeld } from './held.js';
import { change, get, send, state, takesCalls, useDraft, useLoad, useNow } from './state.js';
import { Failed, Field, JobState, refOf, useMove, VisitState } from './ui.js';
import { day, now, span, when } from './when.js';
import { known, say } from './words.js';
import { Link } from './link.js';
import { useState } from 'preact/hooks';

/** @typedef {import('api').components['schemas']} Schemas */

/** held says in words why a job is held and what a caller may be told. @param {Schemas['Hold']} h @param {string} zone */
const held = (h, zone) => html`<div class="card danger" key=${h.id}><b>■ ${known('hold.' + h.kind, h.kind)}</b> <span class="quiet">${say('since', { when: when(h.since, zone) })}</span>
  <p>${h.due_at ? say(Date.parse(h.due_at) < now().getTime() ? 'hold.late' : 'hold.due', { when: when(h.due_at, zone) }) : ''} ${h.kind === 'safety' ? say('hold.say.safety') : say('hold.say')}</p></div>`;

const live = ['scheduled', 'en_route', 'arrived', 'in_progress'];

/** staff are the technicians of a centre by id, read once a page. @type {Map<string, Promise<Map<string, string>>>} */
const staff = new Map();
/** names gives those of a centre's technicians. @param {string} centre */
export const names = (centre) => {
  if (!staff.has(centre)) staff.set(centre, get(`/v1/technicians?limit=100&centre_id=${centre}`).then((v) => new Map(v.items.map((/** @type {any} */ t) => [t.id, t.name]))).catch(() => { staff.delete(centre); return new Map(); }));
  return /** @type {Promise<Map<string, string>>} */ (staff.get(centre));
};

/** @typedef {{date: string, part: string, note: string, at: string}} Wish */

/** wished reads what a household asked for last and nobody has answered by a visit since. @param {string} job @returns {Promise<Wish | null>} */
const wished = async (job) => {
  let cursor = '', wish = /** @type {Wish | null} */ (null);
  for (let n = 0; n < 20; n++) {
    const page = await get(`/v1/jobs/${job}/timeline?limit=100${cursor && '&cursor=' + encodeURIComponent(cursor)}`);
    for (const e of page.items) {
      if (e.kind === 'visit.another_time_asked' && e.payload?.date) wish = { date: e.payload.date, part: e.payload.part || 'any', note: e.payload.note || '', at: e.occurred_at };
      if (e.kind === 'visit.scheduled' || e.kind === 'visit.rescheduled' || e.kind === 'visit.confirmed') wish = null;
    }
    cursor = page.next_cursor || '';
    if (!cursor) break;
  }
  return wish;
};

/**
 * Asked is the time that a household asked for, with its three answers: that time, another one, or that the time stays, which somebody says to them.
 * @param {{wish: Wish, visit: Schemas['Visit'] | undefined, job: Schemas['Job'], zone: string, offer: (date: string, part: string) => void, done: () => void}} p
 */
const Asked = ({ wish, visit, job, zone, offer, done }) => {
  const [stays, setStays] = useState(false), [draft, put, drop] = useDraft('stays:' + job.id, () => ({ words: '' }));
  const keep = useMove(async (id) => {
    await send('POST', `/v1/visits/${visit?.id}/confirm`, { contact: { channel: 'phone', direction: 'outbound', outcome: 'reached', ...(job.contact_id ? { contact_id: job.contact_id } : {}), note: draft.words.trim() }, said: 'phone' }, id);
    drop();
    change({ note: say('wish.stays.done') });
    done();
  });
  return html`<div class="card warn wish"><b>? ${say('wish.asked', { day: day(wish.date + 'T06:00:00Z', 'UTC'), part: say('part.' + wish.part) })}</b> ${wish.note && html`<q>${wish.note}</q>`} <span class="quiet">${when(wish.at, zone)}</span>
    <div class="row acts"><button class="btn small primary" onClick=${() => offer(wish.date, wish.part)}>${say('wish.take')}</button>
      <button class="btn small" onClick=${() => offer('', '')}>${say('wish.other')}</button>
      ${visit && visit.actions.includes('confirm') && html`<button class="btn small" aria-expanded=${stays} onClick=${() => setStays(!stays)}>${say('wish.stays')} …</button>`}</div>
    ${stays && html`<form class="stack" onSubmit=${(/** @type {Event} */ e) => { e.preventDefault(); keep.go(); }}><${Field} label=${say('wish.words')} value=${draft.words} set=${(/** @type {string} */ v) => put({ words: v })} lines=${2} more=${{ required: true, maxLength: 1000 }} />
      <p class="quiet dense">${say('wish.stays.why')}</p><${Failed} error=${keep.error} /><button class="btn small" disabled=${keep.busy}>${say('wish.stays.go')}</button></form>`}</div>`;
};

/**
 * Apart is the wish of a household not to have somebody of those who were there again, which a desk writes down; `again` takes a wish back, which
 * is done by an area manager alone, who has asked the household: for anybody else it is answered alike and nothing comes of it (docs/product.md section 5).
 * @param {{visit: Schemas['Visit'], who: Map<string, string>, done: () => void}} p
 */
const Apart = ({ visit, who, done }) => {
  const [user, setUser] = useState(visit.crew[0] || ''), [again, setAgain] = useState(false), decides = state.me?.role === 'area_manager';
  const go = useMove(async (id) => {
    await send('POST', `/v1/visits/${visit.id}/opt-out`, { user_id: user, ...(again ? { again: true } : {}) }, id);
    change({ note: say(again ? 'apart.again.done' : 'apart.done', { who: who.get(user) || say('somebody') }) });
    done();
  });
  return html`<form class="card stack" onSubmit=${(/** @type {Event} */ e) => { e.preventDefault(); go.go(); }}>
    <${Field} label=${say('apart.who')} value=${user} set=${setUser} options=${visit.crew.map((id) => /** @type {[string, string]} */ ([id, who.get(id) || say('somebody')]))} />
    ${decides && html`<label class="row"><input type="checkbox" checked=${again} onChange=${(/** @type {any} */ e) => setAgain(e.target.checked)} /> <span>${say('apart.again')}</span></label>`}
    <p class="quiet dense">${say(decides ? 'apart.why' : 'apart.why.desk')}</p><${Failed} error=${go.error} /><button class="btn small" disabled=${go.busy}>${say(again ? 'apart.again.go' : 'apart.go')}</button></form>`;
};

/**
 * JobCard is one job: what is wrong, who comes when, whether the household was reached, what was promised, and the next moves.
 * @param {{job: Schemas['Job'], zone: string, current: boolean, home: Schemas['Customer'], act: (panel: string) => void}} p
 */
export const JobCard = ({ job, zone, current, home, act }) => {
  const more = useLoad(async () => {
    const [visits, verdict, who, owed] = await Promise.all([get(`/v1/visits?limit=20&job_id=${job.id}`), get(`/v1/jobs/${job.id}/reachability`), names(job.centre_id), get(`/v1/promises?limit=50&job_id=${job.id}`).catch(() => ({ items: [] }))]);
    const promises = /** @type {Schemas['Promise'][]} */ (owed.items).filter((p) => p.status === 'open' || p.status === 'broken').sort((a, b) => Number(b.status === 'broken') - Number(a.status === 'broken'));
    const ahead = visits.items.find((/** @type {Schemas['Visit']} */ v) => live.includes(v.status));
    const wish = !ended(job) && (ahead ? ahead.confirmation === 'declined' : current) ? await wished(job.id).catch(() => null) : null;
    return { wish, visits: /** @type {Schemas['Visit'][]} */ (visits.items), verdict: /** @type {Schemas['Reachability']} */ (verdict), who, promises };
  }, [job.id], undefined, [job.version, current]);
  const [link, setLink] = useState(false), [apart, setApart] = useState(false);
  const d = more.data;
  const visit = d && (d.visits.find((v) => live.includes(v.status)) || d.visits[d.visits.length - 1]);
  const next = d && d.verdict.verdict !== 'reached' && d.verdict.next_allowed.phone;
  const been = d && [...d.visits].reverse().find((v) => v.crew.length && !['scheduled', 'cancelled', 'rescheduled', 'missed'].includes(v.status));
  const can = (/** @type {any} */ a) => job.actions.includes(a);
  const at = (/** @type {string} */ panel) => { if (!current) location.hash = `#/household/${home.id}?job=${job.id}&do=${encodeURIComponent(panel)}`; else act(panel); };
  return html`<section class=${'card job' + (current ? ' current' : '')} aria-label=${known('category.' + job.category, job.category) + ' ' + refOf(job)}>
    <div class="spread"><strong><a href=${`#/household/${home.id}?job=${job.id}`}>${known('category.' + job.category, job.category || say('job'))}, ${refOf(job)}</a></strong>
      <span class="row">${job.priority === 'urgent' && html`<span class="pill danger">▲ ${say('urgent')}</span>`}${job.safety_critical && html`<span class="pill danger">■ ${say('critical')}</span>`}<${JobState} job=${job} /></span></div>
    <p>${job.fault || say('job.nofault')} <span class="quiet">${say('opened', { when: when(job.opened_at, zone) })} · ${known('cover.' + job.cover, job.cover || '')}</span></p>
    ${job.tried_steps.length > 0 && html`<p class="quiet">${say('tried')}: ${job.tried_steps.map((s) => `${s.what} (${s.result})`).join('; ')}</p>`}
    ${job.note && html`<p class="quiet">${job.note}</p>`}
    ${job.holds.map((h) => held(h, zone))}
    <${Failed} error=${more.error} again=${more.reload} />
    ${d && html`<hr />${visit ? html`<div class="spread"><span><b>${span(visit.window_start, visit.window_end, zone)}</b> <span class="quiet">${visit.crew.map((id) => d.who.get(id) || say('somebody')).join(', ') || say('nobody')}</span></span>
        <${VisitState} visit=${visit} /></div>${visit.findings || visit.work_done ? html`<p class="quiet">${[visit.findings, visit.work_done, visit.tested].filter(Boolean).join(' · ')}</p>` : ''}`
      : html`<p class="quiet">${say('visit.none')}</p>`}
      ${d.wish && takesCalls() && html`<${Asked} wish=${d.wish} visit=${visit && live.includes(visit.status) ? visit : undefined} job=${job} zone=${zone} done=${more.reload}
        offer=${(/** @type {string} */ date, /** @type {string} */ part) => at(['slots', visit && live.includes(visit.status) ? visit.id : '-', date || '-', part || '-'].join(' '))} />`}
      <p>${d.verdict.verdict === 'reached' ? html`<span class="quiet">✓ ${d.verdict.last_contact_at ? say('reached.at', { when: when(d.verdict.last_contact_at, zone) }) : ''}</span>`
      : html`<span class="pill warn">△ ${known('verdict.' + d.verdict.verdict, d.verdict.verdict)}</span> ${say('attempts', { n: d.verdict.counts.length })} ${next ? say('next.call', { when: when(next, zone) }) : ''}
        ${d.verdict.missing.length > 0 && html`<span class="quiet">${say('missing')}: ${d.verdict.missing.join(', ')}</span>`}`}</p>
      ${d.promises.map((p) => html`<p key=${p.id}><span class=${'pill ' + (p.status === 'broken' ? 'danger' : 'info')}>⚑ ${say(p.status === 'broken' ? 'promise.broken' : 'promise.open', { when: when(p.due_at, zone) })}</span> ${p.what || known('promise.' + p.kind, p.kind)}</p>`)}
      ${job.silent_since && html`<p><span class="pill danger">△ ${say('silent', { when: when(job.silent_since, zone) })}</span></p>`}
      <div class="row acts">
        ${can('schedule') && !(visit && live.includes(visit.status)) && html`<button class="btn small primary" onClick=${() => at('slots')}>${say('slots.title')}</button>`}
        ${visit && visit.actions.includes('reschedule') && html`<button class="btn small" onClick=${() => at('slots ' + visit.id)}>${say('visit.move')}</button>`}
        ${!ended(job) && takesCalls() && html`<button class="btn small" aria-expanded=${link} onClick=${() => setLink(!link)}>${say('link.title')}</button>`}
        ${been && takesCalls() && html`<button class="btn small plain" aria-expanded=${apart} onClick=${() => setApart(!apart)}>${say('apart.title')}</button>`}
        ${job.replacement?.status === 'proposed' && can('replacement') && html`<${Replacement} job=${job} done=${more.reload} />`}
        <a class="btn small plain" href=${`/board#job=${job.id}`}>${say('nav.board')}</a></div>
      ${link && html`<${Link} job=${job} home=${home} />`}${apart && been && html`<${Apart} visit=${been} who=${d.who} done=${() => { setApart(false); more.reload(); }} />`}`}</section>`;
};

const ended = (/** @type {Schemas['Job']} */ j) => j.status === 'closed' || j.status === 'cancelled';

/** @param {{job: Schemas['Job'], done: () => void}} p */
const Replacement = ({ job, done }) => {
  const path = `/v1/jobs/${job.id}/replacement`;
  useNow();
  return isHeld(path) ? null : html`<button class="btn small" onClick=${() => hold(path, { decision: 'accepted' }, 'held.replacement')}>${say('replacement.accept')}</button>`;
};
