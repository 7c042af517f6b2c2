import { useState } from 'preact/hooks';
import * as db from './db.js';
import { html } from './html.js';
import { enqueue, people, underWay } from './moves.js';
import { Back } from './parts.js';
import { reload, say, useNow } from './state.js';
import { clock, dayShort } from './when.js';

/** Reach: a tap dials, or opens a message; on return there is one question. @param {{v: any, close: string, message?: boolean}} p */
export const Reach = ({ v, close, message = false }) => {
  const s = useNow();
  const [agreeing, setAgreeing] = useState(false);
  const dialled = s.dialled?.visit === v.visit.id ? s.dialled : null;
  const dial = async (/** @type {string} */ channel, /** @type {any} */ contact, /** @type {string} */ address) => {
    await db.set('dialled', { visit: v.visit.id, channel, contact: contact.id, address, at: Date.now() });
    await reload();
  };
  const note = async (/** @type {string} */ outcome, /** @type {any} */ more = {}) => {
    const at = underWay(v.visit.status) ? `/v1/visits/${v.visit.id}/attempts` : `/v1/jobs/${v.job.id}/attempts`;
    const kept = await enqueue({ path: at, label: 'did.attempt', visit: v.visit.id, body: { channel: dialled.channel, outcome, contact_id: dialled.contact,
      ...(s.net === 'off' ? { offline: true } : {}), ...more } });
    if (!kept) return;
    setAgreeing(false);
    await db.set('dialled', null);
    await reload();
  };
  const text = 'btn' + (message ? ' primary' : '');
  const answers = dialled?.channel === 'phone' ? ['reached', 'no_answer', 'busy', 'switched_off', 'out_of_network', 'cut_off', 'wrong_number', 'voicemail', 'refused', 'hostile'] : ['sent', 'reached', 'wrong_number'];
  const awaiting = v.visit.status === 'scheduled' && v.visit.confirmation !== 'confirmed';
  return html`<${Back} to=${close} word=${v.customer?.name} /><h1 class="title">${say(dialled ? 'reach.how' : message ? 'reach.message' : 'reach')}</h1><div class="stack">
    ${dialled && !agreeing && html`<div class="answers">${answers.map((o) => html`<button key=${o} class=${'btn wide' + (o === 'reached' ? ' primary' : '')}
      onClick=${() => (o === 'reached' && awaiting ? setAgreeing(true) : note(o))}>${(s.lists?.outcomes || []).find((/** @type {any} */ x) => x.code === o)?.words || o}</button>`)}
      <button class="btn plain wide" onClick=${async () => { await db.set('dialled', null); await reload(); }}>${say('reach.not')}</button></div>`}
    ${dialled && agreeing && html`<section class="card stack"><b>${say('reach.agreed', { day: dayShort(v.visit.window_start), from: clock(v.visit.window_start), to: clock(v.visit.window_end) })}</b>
      <button class="btn primary wide" onClick=${() => note('reached', { agreed_to: { start: v.visit.window_start, end: v.visit.window_end } })}>${say('yes')}</button>
      <button class="btn wide" onClick=${() => note('reached')}>${say('no')}</button></section>`}
    ${!dialled && html`${!message && html`<p class="dense">${v.reachability.explanation}</p>`}
      ${people(v).map((c) => html`<section key=${c.id} class="card stack"><b>${c.name}</b> <span class="quiet">${c.relation === 'self' ? '' : c.relation}</span>
      ${c.voice_only && html`<span class="pill warn">▲ ${say('voice.only')}</span>`}
      ${c.phones.map((/** @type {string} */ p) => html`<div key=${p}><div class="label number">${p}</div><div class="acts">${(!message || c.voice_only) && html`<a class="btn primary" href=${'tel:' + p} onClick=${() => dial('phone', c, p)}><span aria-hidden="true">☎</span> ${say('call')}</a>`}
        ${!c.voice_only && html`<a class=${text} href=${'sms:' + p} onClick=${() => dial('sms', c, p)}>${say('sms')}</a>
        <a class=${text} href=${'whatsapp://send?phone=' + p.replace('+', '')} onClick=${() => dial('whatsapp', c, p)}>WhatsApp</a>`}</div></div>`)}
      ${!c.phones.length && html`<p class="dense quiet">${say('reach.none')}</p>`}</section>`)}
      <a class="btn wide" href=${close + (message ? '/reach' : '/endcall')}>${say(message ? 'call' : 'endcall')}</a>`}</div>`;
};
