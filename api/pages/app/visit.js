import { useEffect, useRef, useState } from 'preact/hooks';
import * as db from './db.js';
import { html } from './html.js';
import { ask } from './net.js';
import { ahead, enqueue, move, nextMove, people, place, shown, site, underWay } from './moves.js';
import { Back, Choice, Field, Sent, State } from './parts.js';
import { standing } from './push.js';
import { say, useNow } from './state.js';
import { Navigate, OnMyWay } from './today.js';
import { Done, Photo } from './done.js';
import { Reach } from './reach.js';
import { Answers, Told } from './ping.js';
import { clock, dayShort, now, opened, within } from './when.js';
import { Voice } from './voice.js';
import { Answer } from './waiting.js';
import { language } from './words.js';

/** @typedef {ReturnType<typeof shown>[0]} V */

const steps = ['en_route', 'arrived', 'in_progress', 'completed'];

/** Visit is one visit, or one of its questions. @param {{id: string, part?: string}} p */
export const Visit = ({ id, part }) => {
  const s = useNow();
  const v = shown().find((x) => x.visit.id === id);
  const working = !!v && underWay(v.visit.status);
  useEffect(() => { if (v) standing(working, say('standing'), say('sos')).catch(() => {}); }, [working]);
  if (!v) return html`<${Back} to="#/" word=${say('nav.today')} /><p class="empty card" role="status">${say(s.synced ? 'visit.gone' : 'loading')}</p>`;
  const close = '#/visit/' + id;
  const p = { v, close };
  switch (part) {
    case 'reach': return html`<${Reach} ...${p} />`;
    case 'message': return html`<${Reach} message ...${p} />`;
    case 'done': return html`<${Done} ...${p} />`;
    case 'noaccess': return html`<${NoAccess} ...${p} />`;
    case 'cannot': return html`<${Cannot} ...${p} />`;
    case 'report': return html`<${Report} ...${p} />`;
    case 'endcall': return html`<${EndCall} ...${p} />`;
    case 'more': return html`<${More} ...${p} />`;
    default: if (part?.startsWith('photo_') || part === 'serial_plate' || part === 'signature') return html`<${Photo} kind=${part} ...${p} />`;
  }
  return html`<${Overview} v=${v} />`;
};

/** @param {{v: V}} p */
const Overview = ({ v }) => {
  const s = useNow();
  const [held, hold] = useState(false); // a second tap in the same place would be the next move
  const go = (/** @type {string} */ what) => { hold(true); setTimeout(() => hold(false), 1_500); move(v, what); };
  const onItsDay = v.visit.status !== 'scheduled' || opened(v.visit.window_start);
  const at = site(v), next = nextMove[v.visit.status], step = steps.indexOf(v.visit.status), id = '#/visit/' + v.visit.id;
  const unseen = v.visit.plan.length > 0 && !v.visit.plan_seen.includes(s.me?.user.id);
  const asked = !!v.timer && !['armed', 'ended'].includes(v.timer.status); // which goes before everything else
  const allowed = Object.entries(v.reachability.next_allowed).find(([c]) => c === 'phone')?.[1];
  return html`<${Back} to="#/" word=${say('nav.today')} />
    <div class=${'stack' + (ahead(v.visit.status) ? ' barred' : '')}><${Sent} />
      ${asked && html`<${Timer} v=${v} />`}
      <div><div class="label">${dayShort(v.visit.window_start)} · ${clock(v.visit.window_start)}–${clock(v.visit.window_end)}</div>
        <h1 class="big">${v.customer?.name}</h1><div class="quiet">${[at?.address, at?.landmark, at?.postal_code].filter(Boolean).join(', ')}</div>
        <p class="row"><${State} visit=${v.visit} />${v.job.priority === 'urgent' && html`<span class="pill danger">■ ${say('urgent')}</span>`}
          ${v.job.safety_critical && html`<span class="pill danger">■ ${say('safety_critical')}</span>`}</p></div>
      <div class="acts three"><a class="btn" href=${id + '/reach'}><span aria-hidden="true">☎</span>${say('call')}</a>
        <a class="btn" href=${id + '/message'}><span aria-hidden="true">✉</span>${say('message')}</a>
        <${Navigate} v=${v}><span aria-hidden="true">➤</span>${say('navigate')}<//></div>
      ${s.answers.filter((a) => a.visit === v.visit.id && a.label !== 'did.timer').map((a) => html`<${Answer} key=${a.id} a=${a} />`)}
      <${OnMyWay} of=${[v]} />
      ${v.visit.plan.length > 0 && html`<section class="card warn"><strong>▲ ${say('plan')}</strong><p>${v.visit.plan.map((/** @type {string} */ x) => say('plan.' + x)).join(', ')}</p>
        ${unseen ? html`<button class="btn" onClick=${() => move(v, 'plan-seen')}>${say('do.plan-seen')}</button>` : html`<span class="pill good">✓ ${say('plan.seen')}</span>`}</section>`}
      <${Door} v=${v} />
      ${!asked && html`<${Timer} v=${v} />`}
      <section class="card stack"><div><div class="label">${say('fault')}</div>${v.job.fault || say('fault.none')} ${v.job.what_matters && html`<strong>${v.job.what_matters}</strong>`}</div>
        ${v.history.tried_steps.length > 0 && html`<div><div class="label">${say('tried')}</div>${v.history.tried_steps.map((t) => html`<div class="dense" key=${t.id}>${t.step}: ${say('result.' + t.result)}${
          t.watched_by.includes('professional') ? ' · ' + say('watched.professional') : ''}</div>`)}</div>`}
        ${v.appliance && html`<div><div class="label">${say('appliance')}</div><div class="dense">${[v.appliance.brand, v.appliance.model, v.appliance.serial].filter(Boolean).join(' · ') || v.appliance.category}</div></div>`}
        ${v.job.note && html`<div><div class="label">${say('note')}</div><div class="dense">${v.job.note}</div></div>`}</section>
      ${v.history.promises.length > 0 && html`<section class="card"><div class="label">${say('promises')}</div>${v.history.promises.map((p) => html`<div class="dense">${p.what}</div>`)}</section>`}
      <section class="card spread"><div><div class="label">${say('reached?')}</div><div class="dense">${v.reachability.explanation}
        ${allowed && Date.parse(allowed) > now() && html`<br />${say('next.call', { at: dayShort(allowed) + ' ' + clock(allowed) })}`}
        ${v.reachability.missing.length > 0 && html`<details><summary>${say('missing.what')}</summary><ul>${v.reachability.missing.map((x) => html`<li key=${x}>${x}</li>`)}</ul></details>`}</div></div>
        <a class="btn small" href=${id + '/reach'}>${say('attempts')}</a></section>
      ${(v.history.visits.length > 1 || v.history.earlier_jobs.length > 0) && html`<details class="card"><summary>${say('history')}</summary>
        ${v.history.visits.filter((x) => x.id !== v.visit.id).map((x) => html`<p class="dense" key=${x.id}><b>${dayShort(x.window_start)}</b> ${say('status.' + x.status)}. ${x.findings} ${x.work_done} ${x.parts.join(', ')}</p>`)}
        ${v.history.earlier_jobs.map((j) => html`<p class="dense" key=${j.id}><b>${dayShort(j.opened_at)}</b> ${[j.result, j.work_done].filter(Boolean).join('. ')}</p>`)}</details>`}
      ${v.missing.length > 0 && html`<p class="dense quiet">△ ${say('incomplete', { what: v.missing.map((m) => say('missing.' + m)).join(', ') })}</p>`}
      ${!ahead(v.visit.status) && html`<div class="acts"><a class="btn" href=${id + '/more'}>${say('more')}</a></div>`}
    </div>
    ${ahead(v.visit.status) && html`<div class="bar"><div>
      <div class="steps" role="img" aria-label=${say('status.' + v.visit.status)}>${steps.map((x, i) => html`<span key=${x} class=${i <= step ? 'on' : ''}></span>`)}</div>
      ${!onItsDay ? html`<p class="dense quiet">${say('on.its.day')}</p>` : next === 'complete' ? html`<a class="btn primary wide" href=${id + '/done'}>${say('do.complete')}</a>`
      : html`<button class="btn primary wide" disabled=${held} onClick=${() => go(next)}>${say('do.' + next)}</button>`}
      <div class="others">${[['noaccess', 'bar.noaccess'], ['cannot', 'bar.cannot'], ['report', 'report'], ['more', 'more']].map(([part, words]) => html`<a key=${part} class="btn plain small"
        href=${id + '/' + part}>${say(words)}</a>`)}</div></div></div>`}`;
};

/** Door shows the two words, on the day alone; a wrong one lets either side leave. @param {{v: V}} p */
const Door = ({ v }) => {
  const w = v.door_words, spoken = (/** @type {{latin: string, devanagari: string}} */ x) => (language() === 'en' ? x.latin : x.devanagari);
  const [sure, setSure] = useState(false), go = useRef(/** @type {any} */ (null));
  useEffect(() => { go.current?.scrollIntoView({ block: 'center' }); }, [sure]); // not under the bar
  if (!w || !['scheduled', 'en_route', 'arrived'].includes(v.visit.status) || now() < Date.parse(w.from) || now() >= Date.parse(w.until)) return null;
  const leave = async () => {
    await enqueue({ path: `/v1/visits/${v.visit.id}/stop`, body: { kind: 'wrong_word' }, label: 'did.stop', visit: v.visit.id, move: 'stop', urgent: true });
    location.hash = '#/';
  };
  return html`<section class="card stack" aria-label=${say('door')}><div class="door"><p><span class="label">${say('door.say')}</span><b class="big">${spoken(w.you_say)}</b></p>
    <p><span class="label">${say('door.hear')}</span><b class="big">${spoken(w.they_answer)}</b></p></div>
    <p class="dense quiet">${say('door.why')}</p>${sure ? html`<p>${say('door.leave.why')}</p><button ref=${go} class="btn danger wide" onClick=${leave}>${say('door.leave')}</button>`
      : html`<button class="btn wide" onClick=${() => setSure(true)}>${say('door.wrong')}</button>`}</section>`;
};

/** Timer shows when somebody asks whether all is well. @param {{v: V}} p */
const Timer = ({ v }) => {
  const t = v.timer;
  if (!t || t.status === 'ended') return null;
  const asked = t.status !== 'armed';
  return html`<section class=${'card stack' + (asked ? ' warn' : '')}><div class="spread"><div><div class="label">${say('timer')}</div>
      <b>${asked ? say('timer.asked') : say('timer.at', { at: clock(t.due_at), within: within(Date.parse(t.due_at) - now()) })}</b></div></div>
    <${Told} visit=${v.visit.id} /><${Answers} visit=${v.visit.id} asked=${asked} more /></section>`;
};

/** NoAccess: proof first, then the end. @param {{v: V, close: string}} p */
const NoAccess = ({ v, close }) => {
  const s = useNow();
  const [reason, setReason] = useState(''), [note, setNote] = useState(''), [busy, setBusy] = useState(false);
  const knocked = !!s.drafts[v.visit.id]?.knocked;
  const from = Math.max(Date.parse(v.visit.arrived_at || '') || now(), Date.parse(v.visit.window_start)) + 10 * 60_000;
  const door = async () => {
    setBusy(true);
    if (v.visit.status === 'scheduled' || v.visit.status === 'en_route') await move(v, 'arrive');
    const at = await place();
    await enqueue({ path: `/v1/visits/${v.visit.id}/attempts`, label: 'did.door', visit: v.visit.id, move: 'door',
      body: { channel: 'doorstep', outcome: 'nobody_home', ...at, ...(s.net === 'off' ? { offline: true } : {}), ...(at.lat === undefined ? { place_reason: say('noplace.reason') } : {}) } });
    s.drafts = { ...s.drafts, [v.visit.id]: { ...s.drafts[v.visit.id], knocked: true } };
    await db.set('drafts', s.drafts).catch(() => {});
    setBusy(false);
  };
  const end = async () => {
    if (await move(v, 'no-access', { ...(reason ? { reason } : {}), ...(note ? { note } : {}) })) location.hash = '#/';
  };
  return html`<${Back} to=${close} word=${v.customer?.name} /><h1 class="title">${say('noaccess')}</h1><div class="stack">
    <section class="card stack"><b>1. ${say('noaccess.door')}</b>${knocked ? html`<span class="pill good">✓ ${say('noted')}</span>`
      : html`<button class="btn primary wide" disabled=${busy} onClick=${door}>${busy ? say('placing') : say('noaccess.knocked')}</button>`}</section>
    <section class="card stack"><b>2. ${say('noaccess.call')}</b><a class="btn wide" href=${close + '/reach'}>${say('call')}</a></section>
    <section class="card stack"><b>3. ${say('noaccess.end')}</b><p class="dense quiet">${say('noaccess.end.why')} ${from > now() && say('noaccess.wait', { at: clock(from) })}</p>
      <button class="btn primary wide" onClick=${end}>${say('noaccess.go')}</button>
      <details><summary>${say('noaccess.reason')}</summary><${Choice} name="why" label=${say('noaccess.reason.why')} value=${reason} set=${setReason}
        options=${(s.lists?.why_not || []).map((/** @type {any} */ x) => [x.code, x.words])} />
      <${Field} id="whynote" label=${say('words')} value=${note} set=${setNote} lines=${2} more=${{ maxLength: 2000 }} /></details></section></div>`;
};

/** Cannot: to leave is never refused; the rest has a reason. @param {{v: V, close: string}} p */
const Cannot = ({ v, close }) => {
  const s = useNow();
  const [how, setHow] = useState(''), [reason, setReason] = useState(''), [note, setNote] = useState('');
  const begun = v.visit.status === 'in_progress';
  const stop = async () => {
    await enqueue({ path: `/v1/visits/${v.visit.id}/stop`, body: {}, label: 'did.stop', visit: v.visit.id, move: 'stop', urgent: true });
    location.hash = close + '/report';
  };
  const go = async () => {
    const done = how === 'partial' ? await move(v, 'partial', { findings: note, ...(reason ? { reason } : {}) }) : await move(v, 'decline', { reason: reason || 'other', ...(note ? { note } : {}) });
    if (done) location.hash = '#/';
  };
  return html`<${Back} to=${close} word=${v.customer?.name} /><h1 class="title">${say('cannot')}</h1><div class="stack">
    <section class="card stack danger"><b>${say('stop.why')}</b><button class="btn danger wide" onClick=${stop}>${say('stop.go')}</button></section>
    <section class="card stack"><${Choice} name="how" label=${say('cannot.else')} value=${how} set=${(/** @type {string} */ x) => { setHow(x); setReason(''); }}
      options=${begun ? [['partial', say('do.partial')]] : [['decline', say('do.decline')]]} />
      ${how === 'decline' && html`<${Choice} name="reason" label=${say('why')} value=${reason} set=${setReason} options=${(s.lists?.decline_reasons || []).map((/** @type {any} */ x) => [x.code, x.words])} />`}
      ${how && html`<${Field} id="cannotnote" label=${say(how === 'partial' ? 'findings' : 'words')} value=${note} set=${setNote} lines=${3} more=${{ maxLength: 1000 }} />
        <button class="btn primary wide" disabled=${how === 'decline' && !reason} onClick=${go}>${say('do.' + how)}</button>`}</section></div>`;
};

/** What was begun of a report, in memory alone: a call or an SOS in between loses nothing, and no storage holds it. @type {Record<string, any>} */
const reports = {};

/** Report: kind, how bad, words; what was sent stays nowhere on the phone. @param {{v: V, close: string}} p */
const Report = ({ v, close }) => {
  const s = useNow();
  const begun = reports[v.visit.id] || { kind: '', level: '', note: '', voice: null };
  const [r, setR] = useState(begun), [sent, setSent] = useState(false);
  const write = (/** @type {string} */ name) => (/** @type {any} */ value) => setR((/** @type {any} */ was) => (reports[v.visit.id] = { ...was, [name]: value }));
  const { kind, level, note } = r, setKind = write('kind'), setLevel = write('level'), setNote = write('note');
  const go = async () => {
    if (!await enqueue({ path: `/v1/visits/${v.visit.id}/flags`, body: { kind, level: Number(level), ...(note.trim() ? { note } : {}) }, label: 'did.report', secret: true, voice: r.voice?.blob })) return;
    delete reports[v.visit.id];
    setSent(true);
  };
  if (sent) return html`<${Back} to=${close} word=${v.customer?.name} /><section class="card stack" role="status"><h1 class="title">${s.queue.some((q) => q.secret) ? say('report.waits') : '✓ ' + say('report.sent')}</h1><p>${say('report.sent.why')}</p>
    <a class="btn wide" href="#/">${say('nav.today')}</a></section>`;
  return html`<${Back} to=${close} word=${v.customer?.name} /><h1 class="title">${say('report')}</h1><div class="stack">
    <section class="card"><${Choice} many name="kind" label=${say('report.kind')} value=${kind} set=${setKind} options=${(s.lists?.flag_kinds || []).map((/** @type {any} */ x) => [x.code, x.words])} /></section>
    <section class="card"><${Choice} many name="level" label=${say('report.level')} value=${level} set=${setLevel} options=${[4, 3, 2, 1, 0].map((n) => [String(n), say('level.' + n)])} /></section>
    <section class="card stack"><${Field} id="reportnote" label=${say('report.words')} value=${note} set=${setNote} lines=${2} more=${{ maxLength: 4000 }} />
      <${Voice} value=${r.voice} set=${write('voice')} /><p class="dense quiet">${say('report.who')}</p></section></div>
    <div class="bar"><div><button class="btn primary wide" disabled=${!kind || !level} onClick=${go}>${say('report.go')}</button></div></div>`;
};

/** EndCall: a sentence to read out, one tap. @param {{v: V, close: string}} p */
const EndCall = ({ v, close }) => {
  const [words, setWords] = useState(say('endcall.words')), [done, setDone] = useState(false);
  useEffect(() => { ask('GET', `/v1/jobs/${v.job.id}/end-call`).then(({ json }) => { setWords(json.warning[json.language] || json.warning.en); }).catch(() => {}); }, []);
  const go = async () => { if (await enqueue({ path: `/v1/jobs/${v.job.id}/end-call`, body: {}, label: 'did.endcall', visit: v.visit.id })) setDone(true); };
  return html`<${Back} to=${close} word=${v.customer?.name} /><h1 class="title">${say('endcall')}</h1><div class="stack">
    <section class="card stack"><div class="label">${say('endcall.read')}</div><p class="big">${words}</p></section>
    ${done ? html`<section class="card" role="status">✓ ${say('endcall.done')}</section>` : html`<button class="btn danger wide" onClick=${go}>${say('endcall.go')}</button>`}</div>`;
};

/** More: what is seldom needed. @param {{v: V, close: string}} p */
const More = ({ v, close }) => {
  const [away, setAway] = useState(false), [advice, setAdvice] = useState(/** @type {any[] | null} */ (null));
  useEffect(() => { ask('GET', `/v1/visits/${v.visit.id}/advisories`).then(({ json }) => setAdvice(json.items)).catch(() => {}); }, []);
  const back = async () => { if (await move(v, 'take-back')) location.hash = close; };
  const gone = async () => { if (await enqueue({ path: `/v1/visits/${v.visit.id}/opt-out`, body: {}, label: 'did.optout', visit: v.visit.id })) location.hash = '#/'; };
  return html`<${Back} to=${close} word=${v.customer?.name} /><h1 class="title">${say('more')}</h1><div class="stack">
    ${(advice || []).map((a) => html`<section class="card warn"><b>${say('advisory')}</b><p>${a.precautions}</p></section>`)}
    <a class="btn wide" href=${close + '/report'}>${say('report')}</a>
    <a class="btn wide" href=${close + '/endcall'}>${say('endcall')}</a>
    ${v.visit.status !== 'scheduled' && html`<button class="btn wide" onClick=${back}>${say('takeback')}</button><p class="dense quiet">${say('takeback.why')}</p>`}
    <a class="btn wide" href=${close + '/photo_before'}>${say('file.photo_before')}</a>
    <a class="btn wide" href=${close + '/serial_plate'}>${say('file.serial_plate')}</a>
    ${away ? html`<section class="card stack"><p>${say('optout.why')}</p><button class="btn danger wide" onClick=${gone}>${say('optout.go')}</button></section>`
      : html`<button class="btn wide" onClick=${() => setAway(true)}>${say('optout')}</button>`}</div>`;
};
