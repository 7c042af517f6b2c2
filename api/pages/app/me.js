import { useEffect, useRef, useState } from 'preact/hooks';
import * as db from './db.js';
import { html } from './html.js';
import { ask, key } from './net.js';
import { ahead, enqueue } from './moves.js';
import { Back, Choice, Field, SosButton } from './parts.js';
import { pushOn } from './push.js';
import { reload, say, useNow } from './state.js';
import { SignIn } from './signin.js';
import { health, leave, soon } from './sync.js';
import { languages, language } from './words.js';
import { clock, day, dayKey, dayShort, now } from './when.js';

/** Me is one's own: hours, leave, quiet, codes, phones, pay, thanks. @param {{part?: string}} p */
export const Me = ({ part }) => {
  const s = useNow();
  const pages = { leave: Leave, quiet: Quiet, codes: Codes, phones: Phones, pay: Pay, thanks: Thanks, home: Home, contact: Contact };
  if (part === 'signin') return html`<${SignIn} />`;
  const Page = /** @type {any} */ (pages)[part || ''];
  if (Page) return html`<${Back} to="#/me" word=${say('nav.me')} /><h1 class="title">${say('me.' + part)}</h1><div class="stack"><${Page} /></div>`;
  const u = s.me?.user;
  const [said, setSaid] = useState('');
  const out = async () => {
    if (s.sos && s.sos.view?.status !== 'resolved') { setSaid(say('signout.sos')); return; }
    if (s.queue.length + s.files.length && !confirm(say('signout.waits', { n: s.queue.length + s.files.length }))) return;
    await leave();
    location.hash = '#/';
  };
  const hours = (u?.hours || []).reduce((/** @type {any} */ by, /** @type {any} */ h) => { (by[h.weekday] ||= []).push(h.from + '–' + h.to); return by; }, {});
  const name = (/** @type {number} */ weekday) => new Intl.DateTimeFormat(language(), { weekday: 'short' }).format(new Date(Date.UTC(2023, 0, 1 + weekday)));
  return html`<header class="top"><h1 class="title">${u?.name || say('nav.me')}</h1><${SosButton} /></header><div class="stack">
    <div class="menu">${Object.keys(pages).map((p) => html`<a key=${p} href=${'#/me/' + p}>${say('me.' + p)}<span aria-hidden="true">›</span></a>`)}</div>
    <section class="card"><h2 class="label">${say('me.hours')}</h2>${Object.keys(hours).map((d) => html`<div class="dense spread"><span>${name(Number(d))}</span><span>${hours[d].join(', ')}</span></div>`)}</section>
    <section class="card stack"><h2 class="label">${say('me.language')}</h2><div class="acts">${languages.map(([c, words]) => html`<button key=${c} class=${'btn' + (language() === c ? ' primary' : '')} lang=${c}
      aria-pressed=${language() === c} onClick=${async () => { await db.set('settings', { ...s.settings, language: c }); await reload(); soon(); }}>${words}</button>`)}</div></section>
    <p role="alert" class="wrong">${said}</p><button class="btn wide" onClick=${out}>${say('signout')}</button></div>`;
};

/** useAsked reads something from the server, and says where that is not possible. @param {string} path */
const useAsked = (path) => {
  const [got, set] = useState(/** @type {any} */ (null)), [said, say2] = useState(say('loading'));
  useEffect(() => { ask('GET', path).then(({ json }) => { set(json); say2(''); }, (e) => say2(e.problem ? e.message : say('net.needed'))); }, [path]);
  return [got, html`<p class="quiet" role="status">${said}</p>`, () => ask('GET', path).then(({ json }) => set(json), () => {})];
};

const Leave = () => {
  const s = useNow();
  const [from, setFrom] = useState(''), [to, setTo] = useState(''), [kind, setKind] = useState('annual'), [done, setDone] = useState(''), [sure, setSure] = useState(false);
  const me = s.me?.user.id, going = useRef(false); // a second tap comes before the screen has changed
  const ill = s.queue.some((q) => q.label === 'did.leave' && q.body?.kind === 'sick') || (s.me?.leave || []).some((/** @type {any} */ l) => l.kind === 'sick' &&
    !['declined', 'cancelled', 'withdrawn'].includes(l.status) && Date.parse(l.starts_at) <= now() && now() < Date.parse(l.ends_at));
  const send = async (/** @type {string} */ a, /** @type {string} */ b, /** @type {string} */ k) => {
    if (going.current) return;
    going.current = true;
    setDone(say('busy'));
    const next = new Date(b + 'T00:00:00Z');
    next.setUTCDate(next.getUTCDate() + 1);
    if (await enqueue({ path: `/v1/technicians/${me}/leave`, plain: true, label: 'did.leave', body: { starts_at: a + 'T00:00', ends_at: next.toISOString().slice(0, 10) + 'T00:00', kind: k } })) setDone(say('leave.sent'));
    else { going.current = false; setDone(''); }
  };
  return html`<p role="status">${done}</p>
    <section class="card stack"><b>${say('sick.today')}</b><p class="dense quiet">${say('sick.why')}</p>${ill ? html`<span class="pill mute">${say('sick.told')}</span>` : sure ? html`<button class="btn danger wide" disabled=${!!done} onClick=${() => send(dayKey(now()), dayKey(now()), 'sick')}>${say('sick.sure')}</button>`
    : html`<button class="btn wide" disabled=${!!done} onClick=${() => setSure(true)}>${say('sick.go')}</button>`}</section>
    <section class="card stack"><b>${say('leave.ask')}</b><${Field} id="from" label=${say('from')} value=${from} set=${setFrom} more=${{ type: 'date' }} /><${Field} id="to" label=${say('to')} value=${to} set=${setTo} more=${{ type: 'date' }} />
      <${Choice} name="leavekind" label=${say('kind')} value=${kind} set=${setKind} options=${(s.lists?.leave_kinds || []).map((/** @type {any} */ x) => [x.code, x.words])} />
      <button class="btn primary wide" disabled=${!!done || !from || !to || to < from} onClick=${() => send(from, to, kind)}>${say('leave.go')}</button></section>
    ${(s.me?.leave || []).map((/** @type {any} */ l) => html`<section key=${l.id} class="card"><b>${dayShort(l.starts_at)} – ${dayShort(Date.parse(l.ends_at) - 1)}</b> <span class="pill mute">${say('leave.' + l.status)}</span></section>`)}`;
};

const Quiet = () => {
  const s = useNow();
  const [from, setFrom] = useState(s.me?.user.quiet_from || ''), [to, setTo] = useState(s.me?.user.quiet_to || ''), [done, setDone] = useState('');
  const go = async () => { if (await enqueue({ method: 'PUT', path: '/v1/me/quiet', plain: true, label: 'did.quiet', body: { quiet_from: from, quiet_to: to } })) setDone(say('kept')); };
  return html`<p class="dense quiet">${say('quiet.why')}</p><section class="card stack"><${Field} id="qfrom" label=${say('from')} value=${from} set=${setFrom} more=${{ type: 'time' }} />
    <${Field} id="qto" label=${say('to')} value=${to} set=${setTo} more=${{ type: 'time' }} /><button class="btn primary wide" onClick=${go}>${say('keep')}</button><p role="status">${done}</p></section>`;
};

const Codes = () => {
  const [code, setCode] = useState(''), [duress, setDuress] = useState(''), [present, setPresent] = useState(''), [done, setDone] = useState('');
  const more = { type: 'password', autocomplete: 'off', maxLength: 32 };
  const go = async () => {
    try {
      await ask('PUT', '/v1/me/codes', { headers: { 'Idempotency-Key': key() }, body: { code, duress_code: duress, ...(present ? { present } : {}) } });
      setCode(''); setDuress(''); setPresent('');
      setDone(say('saved'));
    } catch (e) { setDone(/** @type {any} */ (e).problem ? /** @type {any} */ (e).message : say('net.needed')); }
  };
  return html`<p class="dense quiet">${say('codes.why')}</p><section class="card stack"><${Field} id="c1" label=${say('codes.code')} value=${code} set=${setCode} more=${more} />
    <${Field} id="c2" label=${say('codes.duress')} value=${duress} set=${setDuress} more=${more} /><${Field} id="c3" label=${say('codes.present')} value=${present} set=${setPresent} more=${{ ...more, maxLength: 256 }} />
    <button class="btn primary wide" onClick=${go}>${say('keep')}</button><p role="status">${done}</p></section>`;
};

const Phones = () => {
  const [got, said, again] = useAsked('/v1/me/devices');
  const [push, setPush] = useState('Notification' in self ? Notification.permission : 'none'), [sure, setSure] = useState(''), [wrong, setWrong] = useState('');
  const lose = async (/** @type {string} */ id) => {
    try { await ask('POST', `/v1/me/devices/${id}/lost`, { headers: { 'Idempotency-Key': key() } }); setSure(''); again(); } catch (e) { setWrong(/** @type {any} */ (e).problem ? /** @type {any} */ (e).message : say('net.needed')); }
  };
  return html`<section class="card stack"><b>${say('push.' + (push === 'granted' ? 'on' : push === 'denied' ? 'denied' : 'off'))}</b>
    ${push === 'default' && html`<button class="btn primary wide" onClick=${async () => { await pushOn(true).catch(() => {}); setPush(Notification.permission); await health(true).catch(() => {}); again(); }}>${say('push.go')}</button>`}</section>
    ${said}<p role="alert" class="wrong">${wrong}</p>
    ${(got?.items || []).map((/** @type {any} */ d) => html`<section key=${d.installation_id} class="card stack"><div><b>${say('platform.' + d.platform)}${d.current ? ' · ' + say('this.phone') : ''}</b>
      <div class="dense quiet">${say('last.contact', { at: dayShort(d.last_contact) + ' ' + clock(d.last_contact) })}</div></div>
      ${d.lost_at ? html`<span class="pill danger">■ ${say('phone.lost')}</span>` : d.rings ? html`<span class="pill good">✓ ${say('phone.rings')}</span>` : html`<span class="pill warn">▲ ${say('phone.silent')}</span>`}
      ${(d.faults || []).map((/** @type {any} */ f) => html`<p class="dense">${f.words} ${f.mend}</p>`)}
      ${!d.lost_at && !d.current && (sure === d.installation_id ? html`<p>${say('phone.lose.why')}</p><button class="btn danger wide" onClick=${() => lose(d.installation_id)}>${say('phone.lose.go')}</button>`
        : html`<button class="btn small" onClick=${() => setSure(d.installation_id)}>${say('phone.lose')}</button>`)}</section>`)}`;
};

const Pay = () => {
  const s = useNow();
  const from = dayKey(now() - 30 * 86_400_000);
  const [got, said] = useAsked(`/v1/technicians/${s.me?.user.id}/payable?from=${from}&limit=100`);
  return html`${said}${got && !got.items.length && html`<p class="empty card">${say('pay.none')}</p>`}${(got?.items || []).map((/** @type {any} */ r) => html`<section key=${r.visit_id} class="card spread"><div><b>${day(r.window_start)}</b>
    <div class="dense quiet">${r.external_ref} ${say('status.' + r.status)}. ${r.why}</div></div><span class=${'pill ' + (r.payable ? 'good' : 'mute')}>${r.payable ? '✓ ' + say('pay.yes') : '– ' + say(ahead(r.status) ? 'pay.later' : 'pay.no')}</span></section>`)}`;
};

const Thanks = () => {
  const [got, said] = useAsked('/v1/thanks?limit=50');
  return html`${said}${got && !got.items.length && html`<p class="empty card">${say('thanks.none')}</p>`}${(got?.items || []).map((/** @type {any} */ t) => html`<blockquote key=${t.id} class="card good">“${t.text}”
    <footer class="dense quiet">${dayShort(t.created_at)}</footer></blockquote>`)}`;
};

const Home = () => {
  const [at, setAt] = useState('20:00'), [code, setCode] = useState(''), [done, setDone] = useState('');
  const withCode = code ? { code } : {};
  const send = async (/** @type {string} */ method, /** @type {string} */ path, /** @type {any} */ body, /** @type {string} */ words) => {
    if (await enqueue({ method, path, body: { ...body, ...withCode }, plain: method === 'PUT', label: 'did.home', seal: true })) setDone(say(words));
  };
  return html`<p class="dense quiet">${say('home.why')}</p><section class="card stack"><${Field} id="homeby" label=${say('home.by')} value=${at} set=${setAt} more=${{ type: 'time' }} />
    <${Field} id="homecode" label=${say('timer.code.label')} value=${code} set=${setCode} more=${{ type: 'password', autocomplete: 'off', maxLength: 32 }} />
    <button class="btn wide" onClick=${() => send('PUT', '/v1/me/home-safe', { by: dayKey(at > clock(now()) ? now() : now() + 86_400_000) + 'T' + at }, 'home.asked')}>${say('home.ask')}</button>
    <button class="btn primary wide" onClick=${() => send('POST', '/v1/me/home-safe/done', {}, 'home.done')}>${say('home.go')}</button><p role="status">${done}</p></section>`;
};

/** Contact is the phone's own: it leaves it with no request. */
const Contact = () => {
  const s = useNow();
  const [name, setName] = useState(s.settings.contact?.name || ''), [phone, setPhone] = useState(s.settings.contact?.phone || ''), [done, setDone] = useState('');
  const go = async () => { await db.set('settings', { ...s.settings, contact: { name: name.trim() || phone, phone: phone.replace(/[^+\d]/g, '') } }); await reload(); setDone(say('saved')); };
  return html`<p class="dense quiet">${say('contact.why')}</p><section class="card stack"><${Field} id="cname" label=${say('name')} value=${name} set=${setName} more=${{ maxLength: 100 }} />
    <${Field} id="cphone" label=${say('phone')} value=${phone} set=${setPhone} more=${{ type: 'tel', maxLength: 20 }} /><button class="btn primary wide" onClick=${go}>${say('keep')}</button><p role="status">${done}</p></section>`;
};
