import { useState } from 'preact/hooks';
import { html } from '../app/html.js';
import { Would } from './asked.js';
import { change, get, send, useDraft, useLoad, zone } from './state.js';
import { Failed, Field, Phone, refOf, useMove, Waiting } from './ui.js';
import { span, when } from './when.js';
import { known, language, say } from './words.js';

/** @typedef {import('api').components['schemas']} Schemas */

/** outcomes of a call that was made, the common ones first. */
const outcomes = ['no_answer', 'busy', 'switched_off', 'out_of_network', 'voicemail', 'wrong_number', 'cut_off', 'reached'];

/**
 * Contact records what came of a call: one tap opens it, one tells the outcome. It is the desk's own word and graded so.
 * @param {{job: Schemas['Job'], home: Schemas['Customer'], done: () => void, to: (panel: string) => void}} p
 */
export const Contact = ({ job, home, done, to }) => {
  const people = home.contacts.filter((k) => k.phones.length);
  const [who, setWho] = useState(job.contact_id && people.some((k) => k.id === job.contact_id) ? job.contact_id : people[0]?.id || ''), [how, setHow] = useState('phone'), [{ note }, put, drop] = useDraft('contact:' + job.id, () => ({ note: '' }));
  const contact = home.contacts.find((k) => k.id === who);
  const record = useMove(async (id, /** @type {string} */ outcome) => {
    await send('POST', `/v1/jobs/${job.id}/attempts`, { id, channel: how, direction: 'outbound', outcome, ...(who ? { contact_id: who } : {}), ...(note.trim() ? { note: note.trim() } : {}) }, id);
    change({ note: say('contact.done') });
    drop();
    done();
  });
  return html`<div class="stack"><p>${people.map((k) => html`<label key=${k.id} class="row"><input type="radio" name="who" checked=${who === k.id} onChange=${() => setWho(k.id)} /> ${k.name} ${k.phones.map((n) => html`<${Phone} key=${n} number=${n} name=${k.name} />`)}</label>`)}</p>
    <div class="row" role="group" aria-label=${say('contact.how')}>${['phone', 'whatsapp', 'sms'].map((c) => html`<button key=${c} class=${'btn small' + (how === c ? ' on' : '')} aria-pressed=${how === c} onClick=${() => setHow(c)}>${known('channel.' + c, c)}</button>`)}</div>
    <h3 class="label">${say('contact.what', { who: contact?.name || home.name })}</h3>
    <div class="answers">${(how === 'phone' ? outcomes : ['sent', 'delivered', 'read', 'reached']).map((o, i) => html`<button key=${o} class=${'btn' + (i === 0 ? ' first' : '')} disabled=${record.busy} onClick=${() => record.go(o)}>${known('outcome.' + o, o)}</button>`)}
      ${how === 'phone' && html`<button class="btn danger" onClick=${() => to('end')}>${say('end.title')}</button>`}</div>
    <${Failed} error=${record.error} />
    <${Field} label=${say('contact.note')} value=${note} set=${(/** @type {string} */ v) => put({ note: v })} more=${{ maxLength: 1000 }} /><p class="quiet dense">${say('contact.grade')}</p></div>`;
};

/**
 * Caller does for somebody on the line what their link does; the call itself is on record with it.
 * @param {{job: Schemas['Job'], home: Schemas['Customer'], zone: string, done: () => void, to: (panel: string) => void}} p
 */
export const Caller = ({ job, home, zone, done, to }) => {
  const [{ what, note, date, part }, put, drop] = useDraft('caller:' + job.id, () => ({ what: '', note: '', date: '', part: 'any' })), [answer, setAnswer] = useState('');
  const pass = useLoad(async () => /** @type {Schemas['Passport']} */ (await get(`/v1/jobs/${job.id}/passport`)), [job.id]);
  const act = useMove(async (id) => {
    const contact = { channel: 'phone', direction: 'inbound', outcome: 'reached', ...(job.contact_id ? { contact_id: job.contact_id } : {}) };
    const out = /** @type {Schemas['VoiceAnswer']} */ (await send('POST', `/v1/jobs/${job.id}/voice`, { action: what, contact, ...(note.trim() ? what === 'thanks' ? { text: note.trim() } : { note: note.trim() } : {}),
      ...(what === 'another-time' && date ? { date, part } : {}) }, id));
    drop();
    setAnswer(out.tell_caller || say('caller.done'));
    change({ note: say('caller.done') });
  });
  const p = pass.data;
  const ahead = useLoad(async () => /** @type {Schemas['Visit'][]} */ ((await get(`/v1/visits?limit=20&job_id=${job.id}`)).items).find((v) => v.status === 'scheduled') || null, [job.id]);
  const visit = ahead.data, held = job.holds.length > 0;
  const moves = [...(visit && !held ? ['confirm', 'another-time', 'cancel'] : visit ? ['cancel'] : ['another-time']), 'call-me', 'thanks', 'could-not-reach'];
  if (answer) return html`<div class="stack"><p class="label">${say('caller.tell')}</p><p class="card good big" role="status">${answer}</p><button class="btn primary wide" onClick=${done}>${say('close')}</button></div>`;
  return html`<div class="stack"><p><b>${known('category.' + job.category, job.category)} ${refOf(job)}</b> ${visit ? span(visit.window_start, visit.window_end, zone) : say('visit.none')}${held ? html` <span class="pill danger">■ ${say('job.held')}</span>` : ''}</p>${!p ? !pass.error && html`<${Waiting} />` : html`<div class="card stack"><p class="label">${say('caller.knows')}</p><p>${p.fault}</p>
      ${p.tried_steps.map((s) => html`<p key=${s.id} class="quiet">✓ ${s.step}: ${known('word.' + s.result, s.result)}${s.watched_by !== 'nobody' ? ` · ${known('watched.' + s.watched_by, s.watched_by)}` : ''}</p>`)}
      ${p.promises.map((q, i) => html`<p key=${i} class="quiet">⚑ ${q.what} · ${when(q.due_at, zone)}</p>`)}
      ${p.contacts.asked_again > 0 && html`<p>${say('caller.again', { n: p.contacts.asked_again })}</p>`}</div>`}
    <${Failed} error=${pass.error} />
    <div class="answers" role="group" aria-label=${say('caller.title')}>${moves.map((a) => html`<button key=${a} class=${'btn' + (what === a ? ' on' : '')} aria-pressed=${what === a} onClick=${() => put({ what: a })}>${say('caller.' + a)}</button>`)}
      <button class="btn danger" onClick=${() => to('end')}>${say('end.title')}</button></div>
    ${what && html`<form class="stack" onSubmit=${(/** @type {Event} */ e) => { e.preventDefault(); act.go(); }}>
      ${what === 'another-time' && html`<${Field} label=${say('caller.day')} value=${date} set=${(/** @type {string} */ v) => put({ date: v })} more=${{ type: 'date' }} />
        <${Field} label=${say('caller.part')} value=${part} set=${(/** @type {string} */ v) => put({ part: v })} options=${['any', 'morning', 'afternoon', 'evening'].map((x) => /** @type {[string, string]} */ ([x, say('part.' + x)]))} />`}
      <${Field} label=${say(what === 'thanks' ? 'caller.words' : 'contact.note')} value=${note} set=${(/** @type {string} */ v) => put({ note: v })} lines=${2} more=${{ maxLength: 1000, required: what === 'thanks' }} />
      ${what === 'cancel' && visit && html`<${Would} path=${`/v1/visits/${visit.id}/cancel`} body=${{ reason: say('caller.cancel') }} none=${say('ask.nobody')} />`}
      <${Failed} error=${act.error} /><button class="btn primary wide" disabled=${act.busy}>${say('caller.' + what)}</button><p class="quiet dense">${say('caller.note', { who: home.name })}</p></form>`}</div>`;
};

/**
 * Pause is offered to whoever ended an abusive call, and nobody asks why.
 * @param {{contact: string, until: string, zone: string}} p
 */
const Pause = ({ contact, until, zone }) => {
  const [taken, setTaken] = useState('');
  const take = useMove(async (id) => {
    await send('POST', `/v1/attempts/${contact}/cool-off`, { accept: true }, id);
    setTaken(say('end.paused'));
  });
  return html`<p role="status">${taken || say('end.pause', { when: when(until, zone) })}</p>${!taken && html`<button class="btn wide" disabled=${take.busy} onClick=${() => take.go()}>${say('end.pause.go')}</button>`}<${Failed} error=${take.error} />`;
};

/**
 * EndCall ends an abusive call: the warning to read out, one tap, and who calls by when. It never counts against who ended it.
 * @param {{job: Schemas['Job'], zone: string, done: () => void}} p
 */
export const EndCall = ({ job, zone, done }) => {
  const warning = useLoad(async () => /** @type {Schemas['EndCallWarning']} */ (await get(`/v1/jobs/${job.id}/end-call`)), [job.id]);
  const [ended, setEnded] = useState(/** @type {Schemas['EndedCall'] | null} */ (null));
  const end = useMove(async (id) => setEnded(await send('POST', `/v1/jobs/${job.id}/end-call`, { id, direction: 'inbound' }, id)));
  const w = warning.data && /** @type {Record<string, string>} */ (/** @type {unknown} */ (warning.data.warning));
  if (ended) return html`<div class="stack"><p class="card good" role="status">✓ ${say('end.done', { who: ended.promise?.owner || say('somebody'), when: ended.promise ? when(ended.promise.due_at, zone) : '' })}</p>
    <${Pause} contact=${ended.id} until=${ended.pause_until} zone=${zone} /><button class="btn primary wide" onClick=${done}>${say('close')}</button></div>`;
  return html`<div class="stack"><p class="label">${say('end.read')}</p>${!w ? !warning.error && html`<${Waiting} />` : html`<p class="card big">${w[warning.data?.language || ''] || w[language()] || w.en}</p>`}
    <${Failed} error=${warning.error || end.error} /><button class="btn danger wide first" disabled=${end.busy} onClick=${end.go}>${say('end.go')}</button><p class="quiet dense">${say('end.why')}</p></div>`;
};

/** pauseFor is how long after a call its pause is offered (docs/product.md section 5). */
const pauseFor = 3 * 86_400_000;

/** EndByNumber ends an abusive call of which no job is open: its number is enough, and nothing shows whose it is. @param {{phone: string}} p */
export const EndByNumber = ({ phone }) => {
  const [number, setNumber] = useState(phone), [note, setNote] = useState(''), [ended, setEnded] = useState(/** @type {Schemas['Accepted'] | null} */ (null));
  const end = useMove(async (id) => setEnded(await send('POST', '/v1/contacts', { id, phone: number.trim(), direction: 'inbound', channel: 'phone', outcome: 'hostile', ...(note.trim() ? { note: note.trim() } : {}) }, id)));
  if (ended) return html`<h1 class="title head">${say('end.title')}</h1><div class="stack new"><p class="card good" role="status">✓ ${say('end.number.done')}</p>
    <${Pause} contact=${ended.id} until=${new Date(Date.parse(ended.recorded_at) + pauseFor).toISOString()} zone=${zone()} /></div>`;
  return html`<h1 class="title head">${say('end.title')}</h1><form class="stack new" onSubmit=${(/** @type {Event} */ e) => { e.preventDefault(); end.go(); }}>
    <p class="label">${say('end.read')}</p><p class="card big">${say('end.warning')}</p>
    <${Field} label=${say('end.number')} value=${number} set=${setNumber} more=${{ type: 'tel', autocomplete: 'off', required: true, maxLength: 30 }} />
    <${Field} label=${say('contact.note')} value=${note} set=${setNote} more=${{ maxLength: 1000 }} />
    <${Failed} error=${end.error} /><button class="btn danger wide" disabled=${end.busy}>${say('end.go')}</button><p class="quiet dense">${say('end.why')}</p></form>`;
};
