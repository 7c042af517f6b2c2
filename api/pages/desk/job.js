import { html } from '../app/html.js';
import { hold, isHeld } from './held.js';
import { get, takesCalls, useLoad, useNow } from './state.js';
import { Failed, JobState, useMove, VisitState } from './ui.js';
import { now, span, when } from './when.js';
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

/**
 * JobCard is one job: what is wrong, who comes when, whether the household was reached, what was promised, and the next moves.
 * @param {{job: Schemas['Job'], zone: string, current: boolean, home: Schemas['Customer'], act: (panel: string) => void}} p
 */
export const JobCard = ({ job, zone, current, home, act }) => {
  const more = useLoad(async () => {
    const [visits, verdict, who, owed] = await Promise.all([get(`/v1/visits?limit=20&job_id=${job.id}`), get(`/v1/jobs/${job.id}/reachability`), names(job.centre_id), get(`/v1/promises?limit=50&job_id=${job.id}`).catch(() => ({ items: [] }))]);
    const promises = /** @type {Schemas['Promise'][]} */ (owed.items).filter((p) => p.status === 'open' || p.status === 'broken').sort((a, b) => Number(b.status === 'broken') - Number(a.status === 'broken'));
    return { visits: /** @type {Schemas['Visit'][]} */ (visits.items), verdict: /** @type {Schemas['Reachability']} */ (verdict), who, promises };
  }, [job.id, job.version]);
  const [link, setLink] = useState(false);
  const d = more.data;
  const visit = d && (d.visits.find((v) => live.includes(v.status)) || d.visits[d.visits.length - 1]);
  const next = d && d.verdict.verdict !== 'reached' && d.verdict.next_allowed.phone;
  const can = (/** @type {any} */ a) => job.actions.includes(a);
  const at = (/** @type {string} */ panel) => { if (!current) location.hash = `#/household/${home.id}?job=${job.id}&do=${encodeURIComponent(panel)}`; else act(panel); };
  return html`<section class=${'card job' + (current ? ' current' : '')} aria-label=${known('category.' + job.category, job.category) + ' ' + job.external_ref}>
    <div class="spread"><strong><a href=${`#/household/${home.id}?job=${job.id}`}>${known('category.' + job.category, job.category || say('job'))}${job.external_ref ? ', ' + job.external_ref : ''}</a></strong>
      <span class="row">${job.priority === 'urgent' && html`<span class="pill danger">▲ ${say('urgent')}</span>`}${job.safety_critical && html`<span class="pill danger">■ ${say('critical')}</span>`}<${JobState} job=${job} /></span></div>
    <p>${job.fault || say('job.nofault')} <span class="quiet">${say('opened', { when: when(job.opened_at, zone) })} · ${known('cover.' + job.cover, job.cover || '')}</span></p>
    ${job.tried_steps.length > 0 && html`<p class="quiet">${say('tried')}: ${job.tried_steps.map((s) => `${s.what} (${s.result})`).join('; ')}</p>`}
    ${job.note && html`<p class="quiet">${job.note}</p>`}
    ${job.holds.map((h) => held(h, zone))}
    <${Failed} error=${more.error} again=${more.reload} />
    ${d && html`<hr />${visit ? html`<div class="spread"><span><b>${span(visit.window_start, visit.window_end, zone)}</b> <span class="quiet">${visit.crew.map((id) => d.who.get(id) || say('somebody')).join(', ') || say('nobody')}</span></span>
        <${VisitState} visit=${visit} /></div>${visit.findings || visit.work_done ? html`<p class="quiet">${[visit.findings, visit.work_done, visit.tested].filter(Boolean).join(' · ')}</p>` : ''}`
      : html`<p class="quiet">${say('visit.none')}</p>`}
      <p>${d.verdict.verdict === 'reached' ? html`<span class="quiet">✓ ${d.verdict.last_contact_at ? say('reached.at', { when: when(d.verdict.last_contact_at, zone) }) : ''}</span>`
      : html`<span class="pill warn">△ ${known('verdict.' + d.verdict.verdict, d.verdict.verdict)}</span> ${say('attempts', { n: d.verdict.counts.length })} ${next ? say('next.call', { when: when(next, zone) }) : ''}
        ${d.verdict.missing.length > 0 && html`<span class="quiet">${say('missing')}: ${d.verdict.missing.join(', ')}</span>`}`}</p>
      ${d.promises.map((p) => html`<p key=${p.id}><span class=${'pill ' + (p.status === 'broken' ? 'danger' : 'info')}>⚑ ${say(p.status === 'broken' ? 'promise.broken' : 'promise.open', { when: when(p.due_at, zone) })}</span> ${p.what || known('promise.' + p.kind, p.kind)}</p>`)}
      ${job.silent_since && html`<p><span class="pill danger">△ ${say('silent', { when: when(job.silent_since, zone) })}</span></p>`}
      <div class="row acts">
        ${can('schedule') && !(visit && live.includes(visit.status)) && html`<button class="btn small primary" onClick=${() => at('slots')}>${say('slots.title')}</button>`}
        ${visit && visit.actions.includes('reschedule') && html`<button class="btn small" onClick=${() => at('slots ' + visit.id)}>${say('visit.move')}</button>`}
        ${!ended(job) && takesCalls() && html`<button class="btn small" aria-expanded=${link} onClick=${() => setLink(!link)}>${say('link.title')}</button>`}
        ${job.replacement?.status === 'proposed' && can('replacement') && html`<${Replacement} job=${job} done=${more.reload} />`}
        <a class="btn small plain" href=${`/board#job=${job.id}`}>${say('nav.board')}</a></div>
      ${link && html`<${Link} job=${job} home=${home} />`}`}</section>`;
};

const ended = (/** @type {Schemas['Job']} */ j) => j.status === 'closed' || j.status === 'cancelled';

/** @param {{job: Schemas['Job'], done: () => void}} p */
const Replacement = ({ job, done }) => {
  const path = `/v1/jobs/${job.id}/replacement`;
  useNow();
  return isHeld(path) ? null : html`<button class="btn small" onClick=${() => hold(path, { decision: 'accepted' }, 'held.replacement')}>${say('replacement.accept')}</button>`;
};
